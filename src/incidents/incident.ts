import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import type { LimitHit } from '../dovecot/limit-hit.ts'

/** What an incident is about. At most one open incident has a given key; the store enforces it. */
export type IncidentKey = {
  readonly host: string
  readonly service: string
  readonly user: string
  /** IPv4 address, or the /64 of an IPv6 one (`2001:db8:1:2::/64`); `-` when the line names no address. */
  readonly client: string
}

export type Incident = IncidentKey & {
  readonly id: string
  readonly state: IncidentState
  readonly openedAtMs: number
  /** When it got an alert of its own; undefined while only the message of a storm speaks of it. */
  readonly alertedAtMs: number | undefined
  /** The storm that it was folded into, if it was. */
  readonly stormId: string | undefined
  readonly firstHitAtMs: number
  readonly lastHitAtMs: number
  readonly hits: number
  /** Instants of the newest hits, oldest first, at most 200. */
  readonly recentHitsAtMs: readonly number[]
  /** Client addresses seen (several only for IPv6), at most 20. */
  readonly addresses: readonly string[]
  /** The newest hit, whole: the alert's breakdown. */
  readonly lastHit: LimitHit
  /** The limit that the newest hit names. */
  readonly limit: number | undefined
  /** The newest change of this host and service that this incident knows of, as plain data. */
  readonly change: LastChange | undefined
  /** Hits that carry the value of `change`: the new limit is reached too. */
  readonly hitsAtNewValue: number
  readonly advice: Advice | undefined
  /** Who snoozed, dismissed; a Slack user id. */
  readonly handledBy: string | undefined
  readonly snoozedUntilMs: number | undefined
  readonly resolvedAtMs: number | undefined
  /** Counts up with each change, shown or not: what compare-and-set compares. */
  readonly revision: number
}

/** `snoozed` and `dismissed` are open incidents that say nothing; hits are still counted. `resolved` is final: the next hit opens a new one. */
export type IncidentState = 'open' | 'snoozed' | 'dismissed' | 'resolved'

export type LastChange = {
  readonly remediationId: string
  readonly oldValue: number
  readonly newValue: number
  /** When the reload was proven. */
  readonly atMs: number
}

/** What the host said after the hit: kept beside the incident, newest only. */
export type Advice = {
  readonly atMs: number
  readonly diagnosis: Diagnosis
  /** Live connections of the user on that host: service, client address, count. */
  readonly connections: ReadonlyArray<{
    readonly service: string
    readonly ip: string
    readonly count: number
  }>
  /** Effective limit and where it is set, asked from the host. */
  readonly limit: number | undefined
  readonly limitWhere: { readonly file: string; readonly line: number } | undefined
  /** The proposed remediation whose plan stands on the alert. */
  readonly remediationId: string | undefined
  /** Why there is no plan: the host's refusal, or a fault in words. */
  readonly noPlan: string | undefined
}
