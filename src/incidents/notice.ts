/** The state of a host that people should know of: unreachable, a gap in its log, a storm. At most one is open a host and code. */
export type Notice = {
  readonly id: string
  readonly host: string
  /** Kebab-case: `unreachable`, `gap`, `storm`. */
  readonly code: string
  readonly state: 'open' | 'over'
  readonly sinceMs: number
  readonly untilMs: number | undefined
  /** What is wrong, as sentences; may hold text from the host, and instants as `writtenInstant` has them. */
  readonly text: string
  readonly hint: string | undefined
  /** When it is over by itself. */
  readonly endsAtMs: number | undefined
  readonly revision: number
}

/** What is to be said; the same host and code while it is open is the same notice, brought up to date. */
export type NoticeNews = {
  readonly host: string
  readonly code: string
  readonly text: string
  readonly hint?: string
  readonly endsAtMs?: number
}
