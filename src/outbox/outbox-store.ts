import type { Intent } from './intent.ts'

/** The port through which the outbox keeps what is to be said. Each method is one transaction. */
export type OutboxStore = {
  /** The lanes that have something unsent. */
  lanes(): Promise<readonly string[]>
  /** Everything of a lane that is not sent, or was not sent in its newest revision. */
  unsent(lane: string): Promise<readonly OutboxRow[]>
  /** Before the messenger is called: whoever finds the row like this later knows that the outcome is unknown. */
  begin(messageKey: string, deliveryId: string, atMs: number): Promise<void>
  settle(messageKey: string, settlement: Settlement): Promise<void>
  /** At start: what was being sent when the bot died is ambiguous, and every waiting time is forgotten. Returns how many were ambiguous. */
  recover(): Promise<number>
  figures(): Promise<OutboxFigures>
}

export type OutboxRow = Intent & {
  readonly relaxed: boolean
  readonly state: DeliveryState
  /** The revision that the far side has; 0: none. */
  readonly sentRevision: number
  /** The far side's name of the message, once it is known. */
  readonly messageId: string | undefined
  /** Names the post that is or was under way; the same until it is known to stand. */
  readonly deliveryId: string | undefined
  /** Attempts since something last worked. */
  readonly attempts: number
  /** Since when there is something to say. */
  readonly queuedAtMs: number
  readonly notBeforeMs: number
  readonly firstTriedAtMs: number | undefined
  readonly sentAtMs: number | undefined
  readonly why: string | undefined
  /** Where it has to stand: `waiting` while the message of `threadOf` has not been posted. */
  readonly thread:
    | { readonly kind: 'none' }
    | { readonly kind: 'waiting' }
    | { readonly kind: 'under'; readonly messageId: string }
}

/** `ambiguous`: it may stand there already. `failed`: certainly not, and it is retried slowly. */
export type DeliveryState = 'pending' | 'sending' | 'sent' | 'ambiguous' | 'failed'

export type Settlement =
  | { readonly kind: 'sent'; readonly messageId: string; readonly revision: number; readonly atMs: number }
  /** Certainly not taken. */
  | { readonly kind: 'later'; readonly notBeforeMs: number; readonly why: string }
  | { readonly kind: 'ambiguous'; readonly notBeforeMs: number; readonly why: string }
  /** Somebody deleted it: it is posted again, under a new delivery id. */
  | { readonly kind: 'gone' }
  /** An ambiguous post is posted again: `absent`, it is known not to stand there; `unknown`, it may stand there twice. */
  | {
      readonly kind: 'post-again'
      readonly found: 'absent' | 'unknown'
      readonly why: string
      readonly atMs: number
    }
  | { readonly kind: 'failed'; readonly notBeforeMs: number; readonly code: string; readonly hint: string }

type OutboxFigures = {
  readonly counts: Readonly<Record<DeliveryState, number>>
  readonly oldestUnsentAtMs: number | undefined
  /** The newest lasting failure, while something is in that state. */
  readonly failure: { readonly code: string; readonly hint: string } | undefined
}
