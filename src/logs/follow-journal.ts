import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { Cursor } from './cursor.ts'
import { eventIdOf } from './event-id.ts'
import type { HostStream } from './host-stream.ts'
import type { LogRecord } from './log-source.ts'

type JournalCursor = Extract<Cursor, { kind: 'journal' }>
type Parts = { readonly host: string; readonly stream: HostStream; readonly clock: Clock }

/** Follows a host without a mail log file. The journal's own cursors are exact, so there are no generations to tell apart. */
export async function* followJournal(
  { host, stream, clock }: Parts,
  start: JournalCursor | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogRecord, void, void> {
  const at = (cursor: string): JournalCursor => ({ kind: 'journal', cursor, atMs: clock.now() })
  for await (const record of stream.follow({ kind: 'journal', cursor: start?.cursor }, signal)) {
    signal.throwIfAborted()
    switch (record.kind) {
      case 'at':
        if (start === undefined) yield { kind: 'anchor', cursor: at(record.offset) }
        break
      case 'line': {
        const { raw, cut, end } = record
        yield { kind: 'line', raw, cut, eventId: eventIdOf(host, 'journal', end), cursor: at(end) }
        break
      }
      case 'beat':
        yield { kind: 'beat', cursor: at(record.offset) }
        break
      case 'gap': {
        const detail = 'entries after the last one that was read'
        const gap = { code: 'journal-lost', detail, fromMs: start?.atMs, toMs: clock.now() } as const
        yield { kind: 'gap', gap, cursor: at(record.to) }
      }
    }
  }
  signal.throwIfAborted()
  throw new OpsError('follow-ended', `${host} stopped following its journal`, {
    retryable: true,
    context: { host },
  })
}
