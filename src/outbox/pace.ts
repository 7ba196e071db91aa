/** How many calls may be made: a few at once, then one after another. Pure; kept by whoever makes the calls. */
export type Pace = { readonly tokens: number; readonly atMs: number }

export type PaceLimit = { readonly burst: number; readonly everyMs: number }

/** Slack takes about one new message a second in a channel, and short bursts. */
export const POSTS: PaceLimit = { burst: 4, everyMs: 1_000 }

/** chat.update has a limit of its own, 50 and more a minute (tier 3). */
export const EDITS: PaceLimit = { burst: 10, everyMs: 1_200 }

/** Edits that only count on leave so many to the ones that people wait for. */
export const KEPT_FOR_NEWS = 3

export function fullPace(limit: PaceLimit, nowMs: number): Pace {
  return { tokens: limit.burst, atMs: nowMs }
}

/** The earliest instant at which one call may be made that leaves `spare` of them for others. */
export function readyAtMs(pace: Pace, limit: PaceLimit, spare = 0): number {
  return Math.ceil(pace.atMs + Math.max(0, 1 + spare - pace.tokens) * limit.everyMs)
}

export function spent(pace: Pace, limit: PaceLimit, nowMs: number): Pace {
  const grown = Math.min(limit.burst, pace.tokens + Math.max(0, nowMs - pace.atMs) / limit.everyMs)
  return { tokens: Math.max(0, grown - 1), atMs: nowMs }
}
