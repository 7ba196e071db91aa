import type { FoldContext } from '../../src/incidents/fold.ts'

export const NOW_MS = Date.UTC(2026, 10, 24, 12)
export const QUIET_MS = 30 * 60_000

let ids = 0

export function aContext(context: Partial<FoldContext> = {}): FoldContext {
  return {
    nowMs: NOW_MS,
    host: 'mx1',
    lane: 'C1',
    newId: () => `id${++ids}`,
    quietAfterMs: QUIET_MS,
    clockOffsetMs: 0,
    lastChange: undefined,
    alertsLately: 0,
    storm: undefined,
    away: undefined,
    ...context,
  }
}
