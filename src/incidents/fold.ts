import type { LimitHit } from '../dovecot/limit-hit.ts'
import type { Intent } from '../outbox/intent.ts'
import { alertIntents } from './alert-intent.ts'
import { addToAway, type Away, awayIntent, TOO_OLD_MS } from './away.ts'
import { isHitAtNewValue, isHitAtOldValue } from './hit-and-change.ts'
import { hitAtMs } from './hit-at.ts'
import { incidentKey } from './incident-key.ts'
import type { Incident, LastChange } from './incident.ts'
import type { Reason } from './reason.ts'
import { isQuiet, resolved } from './resolve-quiet.ts'
import { countInStorm, foldIntoStorm, isStormOver, type Storm, STORM_ALERTS, stormIntent } from './storm.ts'

/** What the decision may look at. Plain data. */
export type FoldContext = {
  readonly nowMs: number
  readonly host: string
  readonly lane: string
  /** A fresh, short, url-safe id, should something be opened. */
  readonly newId: () => string
  readonly quietAfterMs: number
  /** The host's clock minus ours. */
  readonly clockOffsetMs: number
  /** The newest applied change of this host and service. */
  readonly lastChange: LastChange | undefined
  /** Incidents of this host that got an alert of their own within `STORM_WINDOW_MS`. */
  readonly alertsLately: number
  /** The newest storm of this host, also one that is over. */
  readonly storm: Storm | undefined
  /** The newest collection of old hits of this host. */
  readonly away: Away | undefined
}

/** What follows from a hit: stored as a whole in one transaction. Undefined parts did not change. */
export type Decision = {
  readonly reason: Reason
  readonly incident: Incident | undefined
  /** The former incident of this key, which the hit found gone quiet; `incident` is then a new one. */
  readonly resolved: Incident | undefined
  readonly storm: Storm | undefined
  readonly away: Away | undefined
  readonly intents: readonly Intent[]
}

/** `open`: the incident of this hit's key that is not resolved. */
export type Fold = (open: Incident | undefined, hit: LimitHit, context: FoldContext) => Decision

const NEWEST_HITS = 200
const NEWEST_ADDRESSES = 20

export function fold(open: Incident | undefined, hit: LimitHit, context: FoldContext): Decision {
  const { nowMs, lane } = context
  const atMs = hitAtMs(hit, context)
  // An incident of a hit that is older than the quiet time would be over as soon as it is opened, and the next late hit would open another.
  if (nowMs - atMs > TOO_OLD_MS || nowMs - atMs >= context.quietAfterMs) {
    const away = addToAway(context.away, context.host, context.newId, atMs, nowMs)
    return decision('too-old', { away, intents: [awayIntent(away, lane)] })
  }
  if (open === undefined || !isQuiet(open, atMs, context.quietAfterMs))
    return foldCurrent(open, hit, atMs, context)
  const former = resolved(open, nowMs)
  const next = foldCurrent(undefined, hit, atMs, context)
  return { ...next, resolved: former, intents: [...alertIntents(former, lane), ...next.intents] }
}

function foldCurrent(
  open: Incident | undefined,
  hit: LimitHit,
  atMs: number,
  context: FoldContext,
): Decision {
  if (open === undefined) {
    // A connection from before the reload that still meets the old limit: no recurrence, and no news.
    if (isHitAtOldValue(hit, atMs, context.lastChange)) return decision('hit-at-old-value', {})
    return announce(opened(hit, atMs, context), 'first-hit', context)
  }
  const incident = counted(open, hit, atMs, context.lastChange)
  if (incident.state !== 'open') {
    return decision(incident.state === 'snoozed' ? 'snoozed' : 'dismissed', { incident })
  }
  if (incident.alertedAtMs === undefined) return speakInStorm(incident, context)
  const reason = reasonForMore(incident, hit, atMs, context.lastChange)
  return decision(reason, {
    incident,
    intents: alertIntents(incident, context.lane, reason !== 'hit-after-change'),
  })
}

/** A hit of an incident that has no alert of its own: once the storm is over, it gets one. */
function speakInStorm(incident: Incident, context: FoldContext): Decision {
  const { storm, nowMs, lane } = context
  if (storm === undefined || isStormOver(storm, nowMs)) return announce(incident, 'storm-over', context)
  const grown = countInStorm(storm)
  return decision('storm', { incident, storm: grown, intents: [stormIntent(grown, lane)] })
}

/** An alert of its own, unless this host has had too many just now. */
function announce(incident: Incident, reason: Reason, context: FoldContext): Decision {
  const { nowMs, lane, host, alertsLately } = context
  const storm = context.storm !== undefined && !isStormOver(context.storm, nowMs) ? context.storm : undefined
  if (storm === undefined && alertsLately < STORM_ALERTS) {
    const alerted = { ...incident, alertedAtMs: nowMs }
    return decision(reason, { incident: alerted, intents: alertIntents(alerted, lane) })
  }
  const grown = foldIntoStorm(storm, host, context.newId, nowMs)
  return decision('storm', {
    incident: { ...incident, stormId: grown.id },
    storm: grown,
    intents: [stormIntent(grown, lane)],
  })
}

function opened(hit: LimitHit, atMs: number, context: FoldContext): Incident {
  const { lastChange } = context
  return {
    ...incidentKey(context.host, hit),
    id: context.newId(),
    state: 'open',
    openedAtMs: context.nowMs,
    alertedAtMs: undefined,
    stormId: undefined,
    firstHitAtMs: atMs,
    lastHitAtMs: atMs,
    hits: 1,
    recentHitsAtMs: [atMs],
    addresses: hit.rip === undefined ? [] : [hit.rip],
    lastHit: hit,
    limit: hit.limit,
    change: lastChange,
    hitsAtNewValue: isHitAtNewValue(hit, atMs, lastChange) ? 1 : 0,
    advice: undefined,
    handledBy: undefined,
    snoozedUntilMs: undefined,
    resolvedAtMs: undefined,
    revision: 1,
  }
}

function counted(open: Incident, hit: LimitHit, atMs: number, lastChange: LastChange | undefined): Incident {
  const newest = atMs >= open.lastHitAtMs
  const sameChange = lastChange?.remediationId === open.change?.remediationId
  const before = sameChange ? open.hitsAtNewValue : 0
  return {
    ...open,
    firstHitAtMs: Math.min(open.firstHitAtMs, atMs),
    lastHitAtMs: Math.max(open.lastHitAtMs, atMs),
    hits: open.hits + 1,
    recentHitsAtMs: withInstant(open.recentHitsAtMs, atMs),
    addresses: withAddress(open.addresses, hit.rip),
    lastHit: newest ? hit : open.lastHit,
    limit: newest ? (hit.limit ?? open.limit) : open.limit,
    change: lastChange,
    hitsAtNewValue: before + (isHitAtNewValue(hit, atMs, lastChange) ? 1 : 0),
    revision: open.revision + 1,
  }
}

/** That a change made for this incident was not enough is news once; from then on the hits only count. */
function reasonForMore(
  incident: Incident,
  hit: LimitHit,
  atMs: number,
  change: LastChange | undefined,
): Reason {
  if (isHitAtOldValue(hit, atMs, change)) return 'hit-at-old-value'
  const isNews = change !== undefined && change.atMs >= incident.openedAtMs && incident.hitsAtNewValue === 1
  return isNews && isHitAtNewValue(hit, atMs, change) ? 'hit-after-change' : 'more-hits'
}

/** Ascending, the newest ones only; lines come nearly in order, so the search starts at the end. */
function withInstant(instants: readonly number[], atMs: number): readonly number[] {
  const kept = instants.length < NEWEST_HITS ? instants.slice() : instants.slice(1 - NEWEST_HITS)
  kept.splice(kept.findLastIndex((instant) => instant <= atMs) + 1, 0, atMs)
  return kept
}

function withAddress(addresses: readonly string[], address: string | undefined): readonly string[] {
  if (address === undefined || addresses.includes(address)) return addresses
  return [...addresses, address].slice(-NEWEST_ADDRESSES)
}

function decision(reason: Reason, parts: Partial<Omit<Decision, 'reason'>>): Decision {
  return {
    reason,
    incident: undefined,
    resolved: undefined,
    storm: undefined,
    away: undefined,
    intents: [],
    ...parts,
  }
}
