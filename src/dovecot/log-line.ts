import { journalEntry } from './journal-entry.ts'
import { lineText } from './line-text.ts'
import type { LogClock } from './log-clock.ts'
import { type LogPrefix, logPrefix } from './log-prefix.ts'

/** A line in which Dovecot's own words are looked for. */
export type LogLine = {
  /** The whole line, or a journal entry's message. */
  readonly text: string
  /** What stands before position `at`; undefined when that is anything but a log's prefix. */
  prefixUpTo(at: number): LogPrefix | undefined
}

/** Undefined for a journal entry that Dovecot cannot have written. */
export function logLine(line: Uint8Array, clock: LogClock): LogLine | undefined {
  const text = lineText(line)
  if (!text.startsWith('{')) return { text, prefixUpTo: (at) => logPrefix(text.slice(0, at), clock) }
  const entry = journalEntry(text)
  return entry && { text: entry.message, prefixUpTo: (at) => (at === 0 ? entry.prefix : undefined) }
}
