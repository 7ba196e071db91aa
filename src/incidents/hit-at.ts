import type { LimitHit } from '../dovecot/limit-hit.ts'

/** When a hit happened by our clock, as well as the line tells; never in the future. Without a time in the line: when it arrived. */
export function hitAtMs(
  hit: LimitHit,
  clock: { readonly nowMs: number; readonly clockOffsetMs: number },
): number {
  if (hit.loggedAtMs === undefined) return clock.nowMs
  return Math.min(clock.nowMs, hit.loggedAtMs - clock.clockOffsetMs)
}
