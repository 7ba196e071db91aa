import type { Cursor } from './cursor.ts'

/**
 * The port to the log of one mail host. `read` begins just after `cursor`, or at the end of the log without one (the first record is then an `anchor`
 * that must be stored before anything else is asked for). It ends only by abort or by an OpsError; whoever supervises it starts it again with the
 * newest stored cursor. Pulling slowly slows the host down: nothing is buffered beyond a window.
 */
export type LogSource = {
  readonly host: string
  read(cursor: Cursor | undefined, signal: AbortSignal): AsyncIterable<LogRecord>
}

export type LogRecord =
  /** A position to store before the first byte is read. */
  | { readonly kind: 'anchor'; readonly cursor: Cursor }
  /** One line that matters; `cursor` stands just after it. `eventId` names this line for ever: hash(host, fingerprint, offset). */
  | {
      readonly kind: 'line'
      readonly raw: Uint8Array
      readonly cut: boolean
      readonly eventId: string
      readonly cursor: Cursor
    }
  /** Everything up to `cursor` was looked at; with `trouble`, nothing behind it can be for the time being. */
  | { readonly kind: 'beat'; readonly cursor: Cursor; readonly trouble?: LogTrouble }
  /** Bytes that nobody will ever read again: reported, never papered over. */
  | { readonly kind: 'gap'; readonly gap: Gap; readonly cursor: Cursor }

/**
 * `absent`: there is neither a log nor a rotated one. `endless-line`: the last line is over 64 KiB long and still has no end, so that what
 * stands behind cannot be told apart from it.
 */
export type LogTrouble = 'absent' | 'endless-line'

export type Gap = {
  readonly code: 'deleted' | 'truncated' | 'compressed-early' | 'nul' | 'too-long' | 'journal-lost'
  /** What is known of its extent: a sentence fragment such as "mail.log after byte 4096". */
  readonly detail: string
  readonly fromMs: number | undefined
  readonly toMs: number | undefined
}
