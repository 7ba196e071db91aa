import type { LastChange } from '../incidents/incident.ts'
import type { TranscriptRecord } from '../remediation/mail-host.ts'
import type { Remediation, RemediationState } from '../remediation/remediation.ts'
import { optionalNumber, optionalText } from './columns.ts'
import type { Database, Row } from './database.ts'

const SAVE = `
  INSERT INTO remediations (id, kind, host, service, client, incident_id, of_id, state, old_value, new_value,
                            proposed_at_ms, expires_at_ms, changed_at_ms, watch_until_ms, finished_at_ms, revision, detail)
  VALUES (:id, :kind, :host, :service, :client, :incidentId, :of, :state, :oldValue, :newValue,
          :proposedAtMs, :expiresAtMs, :changedAtMs, :watchUntilMs, :finishedAtMs, :revision, :detail)
  ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, expires_at_ms = excluded.expires_at_ms, changed_at_ms = excluded.changed_at_ms,
    watch_until_ms = excluded.watch_until_ms, finished_at_ms = excluded.finished_at_ms, revision = excluded.revision,
    detail = excluded.detail`

const COUNT_RECORDS = `SELECT count(*) AS records FROM records WHERE remediation_id = :id`
const ADD_RECORD = `INSERT INTO records (remediation_id, number, record) VALUES (:id, :number, :record)`
const RECORDS = `SELECT record FROM records WHERE remediation_id = :id ORDER BY number`

const LAST_CHANGE = `
  SELECT id, old_value, new_value, changed_at_ms FROM remediations
  WHERE host = :host AND service = :service AND changed_at_ms IS NOT NULL ORDER BY changed_at_ms DESC LIMIT 1`

/** The words that never change are kept from the first time; records are only added. */
export function saveRemediation(db: Database, remediation: Remediation): void {
  const { id, kind, host, service, client, incidentId, of, state, ...rest } = remediation
  const { proposedAtMs, expiresAtMs, finishedAtMs, revision, records, ...detail } = rest
  const isProven = remediation.end?.kind === 'applied' || remediation.end?.kind === 'rolled-back'
  db.run(SAVE, {
    id,
    kind,
    host,
    service,
    client,
    incidentId,
    of,
    state,
    oldValue: remediation.plan.oldValue,
    newValue: remediation.plan.newValue,
    proposedAtMs,
    expiresAtMs,
    changedAtMs: isProven ? remediation.verification?.startedAtMs : undefined,
    watchUntilMs: remediation.verification?.untilMs,
    finishedAtMs,
    revision,
    detail: JSON.stringify(detail),
  })
  const known = Number(db.get(COUNT_RECORDS, { id })?.['records'] ?? 0)
  for (const [index, record] of records.slice(known).entries()) {
    db.run(ADD_RECORD, { id, number: known + index, record: JSON.stringify(record) })
  }
}

export function remediationOf(db: Database, row: Row): Remediation {
  const id = String(row['id'])
  return {
    ...(JSON.parse(String(row['detail'])) as RemediationDetail),
    id,
    kind: row['kind'] === 'rollback' ? 'rollback' : 'raise',
    host: String(row['host']),
    service: String(row['service']),
    client: optionalText(row['client']),
    incidentId: optionalText(row['incident_id']),
    of: optionalText(row['of_id']),
    state: row['state'] as RemediationState,
    proposedAtMs: Number(row['proposed_at_ms']),
    expiresAtMs: Number(row['expires_at_ms']),
    finishedAtMs: optionalNumber(row['finished_at_ms']),
    revision: Number(row['revision']),
    records: db
      .all(RECORDS, { id })
      .map((record) => JSON.parse(String(record['record'])) as TranscriptRecord),
  }
}

export function lastChange(db: Database, host: string, service: string): LastChange | undefined {
  const row = db.get(LAST_CHANGE, { host, service })
  if (row === undefined) return undefined
  return {
    remediationId: String(row['id']),
    oldValue: Number(row['old_value']),
    newValue: Number(row['new_value']),
    atMs: Number(row['changed_at_ms']),
  }
}

type RemediationDetail = Pick<
  Remediation,
  | 'plan'
  | 'adviseOnly'
  | 'requestedBy'
  | 'approvals'
  | 'approvalsRequired'
  | 'end'
  | 'verification'
  | 'explanation'
>
