import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { LogSource, LogTrouble } from '../logs/log-source.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { HostFacts, MailHost } from '../remediation/mail-host.ts'
import type { Store } from '../store/store.ts'

/** What the rooms of app/ are handed: ports and settings, never an adapter. */
export type Parts = {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly hosts: ReadonlyMap<string, WatchedHost>
  /** The ops channel. */
  readonly lane: string
  readonly limitMax: number
  readonly approvalsRequired: number
  readonly approvalTtlMs: number
  readonly quietAfterMs: number
  readonly verifyForMs: number
  readonly retentionMs: number
  readonly newId: () => string
  /** Something was stored: the outbox and the timers look at once. */
  readonly stored: () => void
  /** Something failed that the bot cannot go on without: it ends, and the next start takes up what was under way. */
  readonly fail: (error: unknown) => void
  /** Aborted when the bot stops. */
  readonly stopping: AbortSignal
}

/** One mail host as the bot sees it. */
export type WatchedHost = {
  readonly name: string
  readonly mailHost: MailHost
  readonly logSource: LogSource
  readonly connection: () => Connection
  /** The returned function takes the listener away. */
  readonly onConnection: (listener: (connection: Connection) => void) => () => void
  /** A person wants to know: if the host cannot be reached, it is tried again soon. */
  readonly trySoon: () => void
  /** What `hello` last answered. */
  readonly facts: { latest: HostFacts | undefined }
  readonly reading: Reading
}

/** `sinceMs`: since when it is so, however often the host was tried meanwhile. */
export type Connection =
  | { readonly kind: 'up'; readonly sinceMs: number }
  | { readonly kind: 'closed'; readonly sinceMs: number }
  /** `fault`: why the last try failed; undefined while the first one is under way. */
  | { readonly kind: 'away'; readonly sinceMs: number; readonly fault: ConnectionFault | undefined }

export type ConnectionFault = {
  readonly message: string
  readonly hint: string | undefined
  /** Nobody has to act: it may come back by itself. */
  readonly retryable: boolean
}

/** How the reading of the log goes; kept up to date by `followHost`. */
export type Reading = {
  following: boolean
  /** Why it does not follow, although the host is connected. */
  fault:
    | {
        readonly code: string
        readonly message: string
        readonly hint: string | undefined
        readonly sinceMs: number
      }
    | undefined
  /** It follows, and nothing of the log can be read for now. */
  trouble: { readonly kind: LogTrouble; readonly sinceMs: number; readonly isTold: boolean } | undefined
  lastLineAtMs: number | undefined
  lastReadAtMs: number | undefined
  /** While the next try after a fault is waited for: ends the waiting. */
  trySoon: () => void
}

/** Before the first record. */
export function notReadYet(): Reading {
  return {
    following: false,
    fault: undefined,
    trouble: undefined,
    lastLineAtMs: undefined,
    lastReadAtMs: undefined,
    trySoon: () => {},
  }
}
