import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { FollowRecord, FollowRequest, HostStream, LogFile } from '../logs/host-stream.ts'
import { answerFields } from './answer-fields.ts'
import type { AnswerRecord } from './answer-record.ts'
import { badAnswer } from './bad-answer.ts'
import { ask, begin, declined } from './conversation.ts'
import type { Channel, HostLink } from './host-link.ts'
import { readAnswer } from './read-answer.ts'
import { requestLine } from './request-line.ts'

export type FollowTimings = {
  readonly askMs: number
  /** The helper ends when no ping came for 20 s. */
  readonly pingMs: number
  /** Each ping is answered by a beat: silence for this long means that the helper hangs. */
  readonly silenceMs: number
}

const TIMINGS: FollowTimings = { askMs: 30_000, pingMs: 5000, silenceMs: 20_000 }

/**
 * The HostStream at the other end of a link. `follow` waits until the host can be reached, however long that takes, and rejects with the
 * signal's reason when it is aborted; without `rotated` or `refused` it never just ends.
 */
export function helperHostStream(link: HostLink, clock: Clock, timings: FollowTimings = TIMINGS): HostStream {
  return {
    async files() {
      const answer = await ask(link, clock, requestLine('files'), timings.askMs)
      if (answer.end.outcome !== 'ok') throw declined(link.name, answer)
      return answer.records
        .filter((record) => record.name === 'file')
        .map((record) => fileOf(link.name, record))
    },

    async *follow(request, signal) {
      const channel = await begin(link, 'when-up', followLine(request), signal)
      const watch = silenceWatch(link.name, clock, timings.silenceMs)
      const stopPings = pingOn(channel, clock, timings.pingMs)
      try {
        const answer = readAnswer(link.name, channel, clock, AbortSignal.any([signal, watch.signal]))
        let rotated = false
        for (;;) {
          // Only while we wait does silence count: a slow reader holds the host back by intent.
          watch.waiting()
          const next = await answer.next()
          watch.heard()
          signal.throwIfAborted()
          if (next.done) {
            const { outcome, code } = next.value
            if (outcome === 'refused' && (code === 'moved' || code === 'truncated' || code === 'mark')) {
              yield { kind: 'refused', code }
            } else if (outcome !== 'ok') {
              throw declined(link.name, { records: [], end: next.value })
            } else if (!rotated) {
              throw endedEarly(link.name, code)
            }
            return
          }
          const record = recordOf(link.name, next.value)
          if (record === undefined) continue
          rotated = record.kind === 'rotated'
          yield record
        }
      } finally {
        watch.end()
        stopPings()
        channel.close()
      }
    },
  }
}

function followLine(request: FollowRequest): string {
  return request.kind === 'journal'
    ? requestLine('follow', { cursor: request.cursor ?? '-' })
    : requestLine('follow', { file: request.path, offset: request.offset, mark: request.mark ?? '-' })
}

function pingOn(channel: Channel, clock: Clock, pingMs: number): () => void {
  let cancel = () => {}
  const ping = () => {
    channel.stream.write('ping\n')
    cancel = clock.after(pingMs, ping)
  }
  cancel = clock.after(pingMs, ping)
  return () => cancel()
}

type SilenceWatch = {
  /** Aborted when silence lasted too long while somebody waited. */
  readonly signal: AbortSignal
  waiting(): void
  heard(): void
  end(): void
}

function silenceWatch(host: string, clock: Clock, silenceMs: number): SilenceWatch {
  const controller = new AbortController()
  let sinceMs: number | undefined
  let cancel: (() => void) | undefined
  // One timer for many records: it looks at the clock when it fires, instead of being set anew each time.
  const check = () => {
    cancel = undefined
    if (sinceMs === undefined) return
    const leftMs = sinceMs + silenceMs - clock.now()
    if (leftMs > 0) cancel = clock.after(leftMs, check)
    else controller.abort(silent(host, silenceMs))
  }
  return {
    signal: controller.signal,
    waiting() {
      sinceMs = clock.now()
      cancel ??= clock.after(silenceMs, check)
    },
    heard() {
      sinceMs = undefined
    },
    end() {
      cancel?.()
    },
  }
}

function fileOf(host: string, record: AnswerRecord): LogFile {
  const fields = answerFields(host)
  return {
    path: fields.text(record, 0),
    live: fields.oneOf(record, 1, ['live', 'rotated']) === 'live',
    device: fields.text(record, 2),
    inode: fields.text(record, 3),
    sizeBytes: fields.optionalWhole(record, 4),
    mtimeMs: fields.whole(record, 5),
    fingerprint: fields.optional(record, 6),
    compression: fields.oneOf(record, 7, ['none', 'gz', 'xz', 'zst', 'bz2']),
  }
}

function recordOf(host: string, record: AnswerRecord): FollowRecord | undefined {
  const fields = answerFields(host)
  switch (record.name) {
    case 'line':
      if (record.raw === undefined) throw badAnswer(host, 'sent a record "line" without its bytes')
      return {
        kind: 'line',
        start: fields.text(record, 0),
        end: fields.text(record, 1),
        cut: fields.oneOf(record, 2, ['-', 'cut']) === 'cut',
        raw: record.raw,
      }
    case 'beat':
      return {
        kind: 'beat',
        offset: fields.text(record, 0),
        mark: fields.optional(record, 1),
        sizeBytes: fields.optionalWhole(record, 2),
      }
    case 'at':
      return {
        kind: 'at',
        device: fields.text(record, 0),
        inode: fields.text(record, 1),
        fingerprint: fields.optional(record, 2),
        offset: fields.text(record, 3),
        mark: fields.optional(record, 4),
      }
    case 'gap':
      return {
        kind: 'gap',
        from: fields.text(record, 0),
        to: fields.text(record, 1),
        code: fields.text(record, 2),
      }
    case 'rotated':
      return { kind: 'rotated', offset: fields.text(record, 0), mark: fields.optional(record, 1) }
    default:
      return undefined
  }
}

function silent(host: string, silenceMs: number): OpsError {
  return new OpsError(
    'timeout',
    `${host} said nothing of its log for ${silenceMs / 1000} s, though it was asked`,
    {
      retryable: true,
      hint: `Is ${host} overloaded, or is its disk stuck?`,
      context: { host },
    },
  )
}

function endedEarly(host: string, code: string): OpsError {
  return new OpsError(
    'follow-ended',
    `${host} stopped following its log (${code}) although it was not rotated`,
    {
      retryable: true,
      hint: 'The helper ends when the bot was silent for 20 s; if this repeats, the bot or its machine is overloaded.',
      context: { host, code },
    },
  )
}
