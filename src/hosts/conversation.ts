import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { AnswerRecord } from './answer-record.ts'
import { badAnswer } from './bad-answer.ts'
import type { Channel, HostLink } from './host-link.ts'
import { readAnswer, type AnswerEnd } from './read-answer.ts'

export type Answer = { readonly records: readonly AnswerRecord[]; readonly end: AnswerEnd }

/** An answer that is gathered before it is used: as many sessions as a large host has, and no more than memory bears. */
const RECORDS = 200_000
const BYTES = 32 * 1024 * 1024

/**
 * One request and its whole answer. The deadline spans waiting for a connection, the channel and the answer. `handedOver` is called once
 * the host has the request, or will never get it.
 */
export async function ask(
  link: HostLink,
  clock: Clock,
  request: string,
  deadlineMs: number,
  handedOver: () => void = () => {},
): Promise<Answer> {
  const deadline = deadlineOf(link.name, clock, deadlineMs)
  try {
    const channel = await begin(link, 'now', request, deadline.signal).finally(handedOver)
    try {
      return await gather(link.name, readAnswer(link.name, channel, clock, deadline.signal))
    } finally {
      channel.close()
    }
  } finally {
    deadline.cancel()
  }
}

/** Opens a channel and hands the request over; when this throws, the host has not got it. */
export async function begin(
  link: HostLink,
  patience: 'now' | 'when-up',
  request: string,
  signal: AbortSignal,
): Promise<Channel> {
  const channel = await link.open(patience, signal)
  channel.stream.write(request)
  return channel
}

export function deadlineOf(
  host: string,
  clock: Clock,
  deadlineMs: number,
): { readonly signal: AbortSignal; cancel(): void } {
  const controller = new AbortController()
  const cancel = clock.after(deadlineMs, () =>
    controller.abort(
      new OpsError('timeout', `${host} did not finish its answer within ${deadlineMs / 1000} s`, {
        retryable: true,
        hint: `Is ${host} overloaded, or does something on it hang? Try again, and look at it if this stays so.`,
        context: { host },
      }),
    ),
  )
  return { signal: controller.signal, cancel }
}

/** An answer that a method has no word for: the helper's own fault (`failed`), or a refusal to talk at all. */
export function declined(host: string, { records, end }: Answer): OpsError {
  const warning = records.find((record) => record.name === 'warn')?.fields[4]
  return new OpsError(
    end.outcome === 'refused' ? 'host-refused' : 'host-failed',
    `${host} ${end.outcome} the request (${end.code})${warning === undefined ? '' : `: ${warning}`}`,
    {
      retryable: end.code === 'busy',
      hint: `Look into syslog on ${host} for maillimit-host; "usage" means that the bot and the helper are of different releases (host/install).`,
      context: { host, code: end.code },
    },
  )
}

async function gather(host: string, answer: AsyncGenerator<AnswerRecord, AnswerEnd, void>): Promise<Answer> {
  const records: AnswerRecord[] = []
  let bytes = 0
  for (;;) {
    const next = await answer.next()
    if (next.done) return { records, end: next.value }
    bytes += (next.value.raw?.length ?? 0) + next.value.fields.reduce((sum, field) => sum + field.length, 0)
    records.push(next.value)
    if (records.length > RECORDS || bytes > BYTES) {
      throw badAnswer(host, `sends an answer without an end (${records.length} records so far)`)
    }
  }
}
