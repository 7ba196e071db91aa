import type { Clock } from '../lib/clock.ts'
import { intentsOf } from '../remediation/intents.ts'
import { next } from '../remediation/reducer.ts'
import type { RemediationStore } from '../remediation/remediation-store.ts'
import type { Remediation } from '../remediation/remediation.ts'
import { addAudit } from './audit.ts'
import type { Database } from './database.ts'
import { enqueue } from './enqueue.ts'
import { lastChange, remediationOf, saveRemediation } from './remediation-rows.ts'
import type { HitStore, Store } from './store.ts'

const ONE = `SELECT * FROM remediations WHERE id = :id`
const OF_INCIDENT = `SELECT * FROM remediations WHERE incident_id = :incidentId ORDER BY proposed_at_ms DESC, id`
const OTHER_PROPOSALS = `
  SELECT * FROM remediations WHERE incident_id = :incidentId AND state = 'proposed' AND id <> :id`
const UNFINISHED = `
  SELECT * FROM remediations WHERE state IN ('approved', 'applying', 'verifying') ORDER BY proposed_at_ms`
const HISTORY = `
  SELECT remediations.* FROM remediations LEFT JOIN incidents ON incidents.id = incident_id
  WHERE remediations.state NOT IN ('proposed', 'superseded', 'expired')
    AND (:host IS NULL OR remediations.host = :host) AND (:user IS NULL OR incidents.user = :user)
  ORDER BY proposed_at_ms DESC LIMIT :limit`

/** Older messages stay as they are: one that was deleted would be posted again, and Slack can refuse late edits. */
const SENT_ANEW_MS = 7 * 86_400_000

const FORMER = `
  SELECT remediations.* FROM remediations LEFT JOIN incidents ON incidents.id = incident_id
  WHERE remediations.host = :host AND remediations.service = :service AND changed_at_ms IS NOT NULL
    AND remediations.id <> :id AND changed_at_ms > :sinceMs AND coalesce(forgotten, 0) = 0
  ORDER BY changed_at_ms DESC LIMIT 1`

const PROPOSALS = `
  SELECT * FROM remediations WHERE state = 'proposed'
    AND (:host IS NULL OR host = :host) AND (:service IS NULL OR service = :service)
  ORDER BY proposed_at_ms`

type Remediations = Omit<RemediationStore, keyof HitStore> & Pick<Store, 'remediationsOf'>

export function remediationStore(db: Database, clock: Clock): Remediations {
  const one = (id: string): Remediation | undefined => {
    const row = db.get(ONE, { id })
    return row === undefined ? undefined : remediationOf(db, row)
  }
  return {
    async propose(remediation, effects) {
      db.transaction(() => {
        supersedeOthers(db, remediation, effects.intents[0]?.lane, clock.now())
        saveRemediation(db, remediation)
        enqueue(db, effects.intents, clock.now())
        addAudit(db, effects.audit)
      })
    },
    async remediation(id) {
      return one(id)
    },
    async remediationsOf(incidentId) {
      return db.all(OF_INCIDENT, { incidentId }).map((row) => remediationOf(db, row))
    },
    async advance(expectedRevision, remediation, effects) {
      return db.transaction(() => {
        const stored = one(remediation.id)
        if (stored?.revision !== expectedRevision) return 'changed'
        saveRemediation(db, remediation)
        const provenNow = stored.verification === undefined && remediation.verification !== undefined
        if (provenNow) showFormer(db, remediation, effects.intents[0]?.lane, clock.now())
        enqueue(db, effects.intents, clock.now())
        addAudit(db, effects.audit)
        return 'done'
      })
    },
    async unfinished() {
      return db.all(UNFINISHED).map((row) => remediationOf(db, row))
    },
    async lastChange(host, service) {
      return lastChange(db, host, service)
    },
    async proposals(host, service) {
      return db.all(PROPOSALS, { host, service }).map((row) => remediationOf(db, row))
    },
    async history({ user, host, limit }) {
      return db.all(HISTORY, { user, host, limit }).map((row) => remediationOf(db, row))
    },
    async audit(entry) {
      addAudit(db, [entry])
    },
  }
}

/** The newest change before this one, unless it is long ago: its messages may be deleted, closed to edits, or about somebody forgotten. */
function showFormer(db: Database, by: Remediation, lane: string | undefined, nowMs: number): void {
  const { host, service, id } = by
  const row = db.get(FORMER, { host, service, id, sinceMs: nowMs - SENT_ANEW_MS })
  if (row !== undefined && lane !== undefined) enqueue(db, intentsOf(remediationOf(db, row), lane), nowMs)
}

/** A newer plan for the same incident takes the place of those that nobody has decided about. */
function supersedeOthers(db: Database, by: Remediation, lane: string | undefined, nowMs: number): void {
  if (by.incidentId === undefined) return
  for (const row of db.all(OTHER_PROPOSALS, { incidentId: by.incidentId, id: by.id })) {
    const why = `A newer plan (${by.id}) took its place.`
    const transition = next(remediationOf(db, row), { kind: 'superseded', why, atMs: nowMs })
    if (transition.kind === 'refused') continue
    saveRemediation(db, transition.remediation)
    if (lane !== undefined) enqueue(db, intentsOf(transition.remediation, lane), nowMs)
    const { id: subjectId, host } = transition.remediation
    addAudit(db, [
      { atMs: nowMs, actor: 'maillimit', event: 'superseded', subjectId, host, detail: { by: by.id } },
    ])
  }
}
