import { alertIntents } from '../incidents/alert-intent.ts'
import type { Incident } from '../incidents/incident.ts'
import type { Clock } from '../lib/clock.ts'
import { addAudit } from './audit.ts'
import { awayHits } from './aways.ts'
import type { Database } from './database.ts'
import { enqueue } from './enqueue.ts'
import { incidentOf, saveIncident } from './incident-rows.ts'
import type { IncidentStore } from './store.ts'

const ONE = `SELECT * FROM incidents WHERE id = :id`
const OPEN_ONES = `
  SELECT * FROM incidents
  WHERE state <> 'resolved' AND (:host IS NULL OR host = :host) AND (:user IS NULL OR user = :user)
  ORDER BY last_hit_at_ms DESC, id`

export function incidentStore(db: Database, clock: Clock): IncidentStore {
  return {
    async incident(id) {
      return incident(db, id)
    },
    async openIncidents({ host, user } = {}) {
      return db.all(OPEN_ONES, { host, user }).map(incidentOf)
    },
    async advanceIncident(expectedRevision, next, effects) {
      return db.transaction(() => {
        if (incident(db, next.id)?.revision !== expectedRevision) return 'changed'
        saveIncident(db, next)
        enqueue(db, effects.intents, clock.now())
        addAudit(db, effects.audit)
        return 'done'
      })
    },
    async saveAdvice(incidentId, advice, lane) {
      return db.transaction(() => {
        const stored = incident(db, incidentId)
        if (stored === undefined || stored.state === 'resolved') return 'absent'
        const next = { ...stored, advice, revision: stored.revision + 1 }
        saveIncident(db, next)
        enqueue(db, alertIntents(next, lane), clock.now())
        return 'done'
      })
    },
    async away(id) {
      return awayHits(db, id)
    },
  }
}

function incident(db: Database, id: string): Incident | undefined {
  const row = db.get(ONE, { id })
  return row === undefined ? undefined : incidentOf(row)
}
