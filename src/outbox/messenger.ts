import type { Intent } from './intent.ts'

/** The port to where messages go. Renders the newest state of the intent's subject by itself. Never throws for what the far side answers. */
export type Messenger = {
  /** `deliveryId` is put into the message's metadata, so that `find` can recognise it. */
  post(intent: Intent, deliveryId: string, thread: string | undefined): Promise<DeliveryResult>
  edit(intent: Intent, messageId: string): Promise<DeliveryResult>
  /** Looks once for a message that an ambiguous `post` may have left; `thread` as it was given to `post`. */
  find(intent: Intent, deliveryId: string, sinceMs: number, thread?: string): Promise<FindResult>
}

export type DeliveryResult =
  | { readonly kind: 'sent'; readonly messageId: string }
  /** The far side did not take it and said when to come back. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly why: string }
  /** It may or may not have been posted: time-out, lost answer, 5xx. */
  | { readonly kind: 'ambiguous'; readonly why: string }
  /** An edit of a message that somebody deleted: post it again. */
  | { readonly kind: 'gone' }
  /** Certainly not posted, and trying again as it is does not help (token revoked, not in the channel): kept, retried slowly, shown in health. */
  | { readonly kind: 'failed'; readonly code: string; readonly hint: string }

export type FindResult =
  | { readonly kind: 'found'; readonly messageId: string }
  | { readonly kind: 'absent' }
  /** The far side is busy or out of reach: nobody looked. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string }
