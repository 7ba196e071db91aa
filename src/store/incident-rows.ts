import type { Incident, IncidentState } from '../incidents/incident.ts'
import { optionalNumber } from './columns.ts'
import type { Database, Row } from './database.ts'

const UPDATE = `
  UPDATE incidents SET state = :state, alerted_at_ms = :alertedAtMs, last_hit_at_ms = :lastHitAtMs,
    snoozed_until_ms = :snoozedUntilMs, hits = :hits, revision = :revision, detail = :detail
  WHERE id = :id`
const ADD = `
  INSERT INTO incidents (id, host, service, user, client, state, opened_at_ms, alerted_at_ms, last_hit_at_ms,
                         snoozed_until_ms, hits, revision, detail)
  VALUES (:id, :host, :service, :user, :client, :state, :openedAtMs, :alertedAtMs, :lastHitAtMs,
          :snoozedUntilMs, :hits, :revision, :detail)`

/** The key of an incident never changes; the rest is replaced. */
export function saveIncident(db: Database, incident: Incident): void {
  const {
    id,
    host,
    service,
    user,
    client,
    state,
    openedAtMs,
    alertedAtMs,
    lastHitAtMs,
    snoozedUntilMs,
    hits,
    revision,
    recentHitsAtMs,
    ...detail
  } = incident
  const changing = {
    id,
    state,
    alertedAtMs,
    lastHitAtMs,
    snoozedUntilMs,
    hits,
    revision,
    detail: JSON.stringify({ ...detail, recent: toSteps(recentHitsAtMs) }),
  }
  if (db.run(UPDATE, changing) === 1) return
  db.run(ADD, { ...changing, host, service, user, client, openedAtMs })
}

export function incidentOf(row: Row): Incident {
  const { recent, ...detail } = JSON.parse(String(row['detail'])) as IncidentDetail
  return {
    ...detail,
    recentHitsAtMs: fromSteps(recent),
    id: String(row['id']),
    host: String(row['host']),
    service: String(row['service']),
    user: String(row['user']),
    client: String(row['client']),
    state: row['state'] as IncidentState,
    openedAtMs: Number(row['opened_at_ms']),
    alertedAtMs: optionalNumber(row['alerted_at_ms']),
    lastHitAtMs: Number(row['last_hit_at_ms']),
    snoozedUntilMs: optionalNumber(row['snoozed_until_ms']),
    hits: Number(row['hits']),
    revision: Number(row['revision']),
  }
}

type IncidentDetail = Omit<
  Incident,
  | 'id'
  | 'host'
  | 'service'
  | 'user'
  | 'client'
  | 'state'
  | 'openedAtMs'
  | 'alertedAtMs'
  | 'lastHitAtMs'
  | 'snoozedUntilMs'
  | 'hits'
  | 'revision'
  | 'recentHitsAtMs'
> & { readonly recent: readonly number[] }

/** Instants as the first one and the steps between them: a quarter of the bytes, in what is written most often. */
export function toSteps(instants: readonly number[]): readonly number[] {
  return instants.map((instant, index) => instant - (instants[index - 1] ?? 0))
}

function fromSteps(steps: readonly number[]): readonly number[] {
  let instant = 0
  return steps.map((step) => (instant += step))
}
