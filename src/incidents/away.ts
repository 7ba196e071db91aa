import type { Intent } from '../outbox/intent.ts'

/** Hits that were old when they arrived, after an outage of the bot or the network: one message a host, without buttons. */
export type Away = {
  readonly id: string
  readonly host: string
  readonly hits: number
  readonly firstHitAtMs: number
  readonly lastHitAtMs: number
  /** When the newest of them arrived. */
  readonly lastArrivalAtMs: number
  readonly revision: number
}

/** Older than this on arrival, a hit is history and no alert. */
export const TOO_OLD_MS = 15 * 60_000

/** Old hits that arrive after a pause longer than this belong to another outage. */
const SAME_OUTAGE_MS = 10 * 60_000

export function addToAway(
  away: Away | undefined,
  host: string,
  id: () => string,
  atMs: number,
  nowMs: number,
): Away {
  if (away === undefined || nowMs - away.lastArrivalAtMs > SAME_OUTAGE_MS) {
    return {
      id: id(),
      host,
      hits: 1,
      firstHitAtMs: atMs,
      lastHitAtMs: atMs,
      lastArrivalAtMs: nowMs,
      revision: 1,
    }
  }
  return {
    ...away,
    hits: away.hits + 1,
    firstHitAtMs: Math.min(away.firstHitAtMs, atMs),
    lastHitAtMs: Math.max(away.lastHitAtMs, atMs),
    lastArrivalAtMs: nowMs,
    revision: away.revision + 1,
  }
}

export function awayIntent(away: Away, lane: string): Intent {
  return {
    lane,
    messageKey: `away:${away.host}:${away.id}`,
    kind: 'away',
    subjectId: away.id,
    revision: away.revision,
    threadOf: undefined,
    ...(away.revision > 1 ? { relaxed: true } : {}),
  }
}
