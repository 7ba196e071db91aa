import type { Clock } from '../../src/lib/clock.ts'
import type { Ids } from './ids.ts'

/** Trigger ids: each opens one view, within 3 s. */
export type Triggers = {
  /** `viewId` is the modal in which the person acted, if it was one. */
  issue(userId: string, viewId?: string): string
  /** The person and modal behind it, or Slack's error code. */
  redeem(
    triggerId: string,
  ):
    | { readonly userId: string; readonly viewId: string | undefined }
    | 'invalid_trigger_id'
    | 'exchanged_trigger_id'
    | 'expired_trigger_id'
}

export function createTriggers(clock: Clock, ids: Ids, ttlMs: number): Triggers {
  type Issued = { userId: string; viewId: string | undefined; atMs: number; used: boolean }
  const issued = new Map<string, Issued>()
  let count = 0
  return {
    issue(userId, viewId) {
      count += 1
      const id = `${clock.now()}.${count}.${ids.secret()}`
      issued.set(id, { userId, viewId, atMs: clock.now(), used: false })
      return id
    },
    redeem(triggerId) {
      const trigger = issued.get(triggerId)
      if (trigger === undefined) return 'invalid_trigger_id'
      if (trigger.used) return 'exchanged_trigger_id'
      if (clock.now() - trigger.atMs > ttlMs) return 'expired_trigger_id'
      trigger.used = true
      return trigger
    },
  }
}
