import type { Clock } from '../lib/clock.ts'
import { parseRecord, type AnswerRecord } from './answer-record.ts'
import { badAnswer, brokenOff } from './bad-answer.ts'
import type { Channel } from './host-link.ts'
import { nextChunk } from './next-chunk.ts'

export type AnswerEnd = {
  readonly outcome: 'ok' | 'refused' | 'failed'
  readonly code: string
}

/** A log line is cut at 64 KiB by the host; what is longer than this is no answer of ours. */
const LINE_BYTES = 96 * 1024
const LF = 10

/** Yields the records of one answer and returns its end. Anything that is no answer is a fault that shows what came (`bad-answer`). */
export async function* readAnswer(
  host: string,
  channel: Channel,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<AnswerRecord, AnswerEnd, void> {
  let rest: Buffer = Buffer.alloc(0)
  for (;;) {
    const chunk = await nextChunk(channel.stream, signal)
    if (chunk === undefined) throw brokenOff(host, await channel.ending(), rest)
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, start)) {
      const line = bytes.subarray(start, lf)
      start = lf + 1
      if (line.length > LINE_BYTES) throw badAnswer(host, 'sent a line that is too long to be a record', line)
      const record = parseRecord(line)
      if (record === undefined) throw badAnswer(host, 'sent a line that is no record', line)
      if (record.name !== 'end') {
        yield record
        continue
      }
      const end = parseEnd(record)
      if (end === undefined) throw badAnswer(host, 'sent an end that is none', line)
      const after = start < bytes.length ? bytes.subarray(start) : await afterEnd(channel, clock, signal)
      if (after !== undefined) throw badAnswer(host, 'went on after the end of its answer', after)
      return end
    }
    rest = bytes.subarray(start)
    if (rest.length > LINE_BYTES) throw badAnswer(host, 'sends a line without an end', rest)
  }
}

function parseEnd({ fields: [outcome, code] }: AnswerRecord): AnswerEnd | undefined {
  if (outcome !== 'ok' && outcome !== 'refused' && outcome !== 'failed') return undefined
  return code === undefined || !/^[a-z][a-z0-9-]{0,63}$/.test(code) ? undefined : { outcome, code }
}

/** The helper ends after its `end`; whatever keeps the channel open a little longer is not waited for. */
async function afterEnd(channel: Channel, clock: Clock, signal: AbortSignal): Promise<Buffer | undefined> {
  const enough = new AbortController()
  const cancel = clock.after(1000, () => enough.abort())
  try {
    return await nextChunk(channel.stream, AbortSignal.any([signal, enough.signal]))
  } catch {
    return undefined
  } finally {
    cancel()
  }
}
