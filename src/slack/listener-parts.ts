import type { WebClient } from '@slack/web-api'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type Answer, answerAt } from './answer.ts'
import type { Approvers } from './approvers.ts'
import type { SlackDesk } from './desk.ts'

export type ListenerParts = {
  /** The ops channel. */
  readonly channel: string
  readonly client: WebClient
  readonly fetch: typeof fetch
  readonly approvers: Approvers
  readonly desk: SlackDesk
  readonly clock: Clock
  readonly log: Log
}

/** A payload and its acknowledgement; for a modal the answer may hold errors. */
export type Incoming = { readonly body: unknown; readonly ack: (response?: object) => Promise<void> }

/** Answers for one person, by whichever way is open. */
export function answerFor(
  parts: ListenerParts,
  place: {
    readonly user: string
    readonly channel?: string | undefined
    readonly threadTs?: string | undefined
    readonly responseUrl?: string | undefined
  },
): Answer {
  const { user, channel = parts.channel, threadTs, responseUrl } = place
  return answerAt({ user, channel, threadTs, responseUrl }, parts)
}
