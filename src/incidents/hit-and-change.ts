import type { LimitHit } from '../dovecot/limit-hit.ts'
import type { LastChange } from './incident.ts'

/** Connections from before a reload meet, and log, the old limit for so long (tried on Dovecot 2.3 and 2.4). */
export const OLD_VALUE_FOR_MS = 3 * 60_000

/** The log's clock shows whole seconds, and the proof of a reload comes a little after it. */
const SLACK_MS = 5_000

export function isHitAtOldValue(hit: LimitHit, atMs: number, change: LastChange | undefined): boolean {
  return (
    change !== undefined &&
    hit.limit === change.oldValue &&
    atMs >= change.atMs &&
    atMs <= change.atMs + OLD_VALUE_FOR_MS
  )
}

/** The new limit is reached too. A line that names no limit counts when no old one can be left. */
export function isHitAtNewValue(hit: LimitHit, atMs: number, change: LastChange | undefined): boolean {
  if (change === undefined) return false
  if (hit.limit === undefined) return atMs > change.atMs + OLD_VALUE_FOR_MS
  return hit.limit === change.newValue && atMs >= change.atMs - SLACK_MS
}
