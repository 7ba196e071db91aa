import type { Intent } from '../outbox/intent.ts'

/**
 * So many users of one host at once that an alert each would bury the channel: the alerts beyond the first ones become one message a host.
 * Each incident exists all the same.
 */
export type Storm = {
  readonly id: string
  readonly host: string
  readonly sinceMs: number
  /** When an incident was last folded into it. */
  readonly lastFoldedAtMs: number
  /** Incidents without an alert of their own. */
  readonly incidents: number
  /** Hits of these incidents. */
  readonly hits: number
  readonly revision: number
}

/** Alerts of one host within `STORM_WINDOW_MS`; what comes beyond is folded. */
export const STORM_ALERTS = 20
export const STORM_WINDOW_MS = 60_000
/** A storm is over when nothing was folded into it for so long. */
export const STORM_OVER_AFTER_MS = 5 * 60_000

export function isStormOver(storm: Storm, nowMs: number): boolean {
  return nowMs >= stormEndsAtMs(storm)
}

export function stormEndsAtMs(storm: Storm): number {
  return storm.lastFoldedAtMs + STORM_OVER_AFTER_MS
}

/** One more incident without an alert. */
export function foldIntoStorm(
  storm: Storm | undefined,
  host: string,
  id: () => string,
  nowMs: number,
): Storm {
  if (storm === undefined) {
    return {
      id: id(),
      host,
      sinceMs: nowMs,
      lastFoldedAtMs: nowMs,
      incidents: 1,
      hits: 1,
      revision: 1,
    }
  }
  return {
    ...storm,
    lastFoldedAtMs: nowMs,
    incidents: storm.incidents + 1,
    hits: storm.hits + 1,
    revision: storm.revision + 1,
  }
}

/** One more hit of an incident that is in it already. */
export function countInStorm(storm: Storm): Storm {
  return { ...storm, hits: storm.hits + 1, revision: storm.revision + 1 }
}

export function stormText(storm: Storm): string {
  const users =
    storm.incidents === 1 ? '1 more user or address' : `${storm.incidents} more users or addresses`
  return (
    `Many users reached their limit on ${storm.host} at once. ${STORM_ALERTS} have alerts of their own; ` +
    `${users} (${storm.hits} hits) have none, so that this channel stays readable.`
  )
}

export const STORM_HINT =
  'Look for one cause: a limit that was lowered, a network that reconnects, a webmail behind one address. ' +
  'Each user is recorded: /maillimit status USER.'

export function stormIntent(storm: Storm, lane: string): Intent {
  return {
    lane,
    messageKey: `notice:${storm.host}:storm:${storm.id}`,
    kind: 'notice',
    subjectId: storm.id,
    revision: storm.revision,
    threadOf: undefined,
    ...(storm.revision > 1 ? { relaxed: true } : {}),
  }
}
