import type { Database } from './database.ts'
import { incidentOf } from './incident-rows.ts'
import { noticeOf } from './notices.ts'
import { remediationOf } from './remediation-rows.ts'
import type { Upkeep } from './store.ts'

const NEXT_DUE = `
  SELECT min(at_ms) AS at_ms FROM (
    SELECT min(last_hit_at_ms) + :quietAfterMs AS at_ms FROM incidents WHERE state = 'open'
    UNION ALL SELECT min(last_hit_at_ms) + :quietAfterMs FROM incidents WHERE state = 'dismissed'
    UNION ALL SELECT min(snoozed_until_ms) FROM incidents WHERE state = 'snoozed'
    UNION ALL SELECT min(expires_at_ms) FROM remediations WHERE state = 'proposed'
    UNION ALL SELECT min(watch_until_ms) FROM remediations WHERE state = 'verifying'
    UNION ALL SELECT min(ends_at_ms) FROM notices WHERE state = 'open')`

const INCIDENTS = `
  SELECT * FROM incidents WHERE state IN ('open', 'dismissed') AND last_hit_at_ms <= :nowMs - :quietAfterMs
  UNION ALL SELECT * FROM incidents WHERE state = 'snoozed' AND snoozed_until_ms <= :nowMs
  LIMIT 200`
const PROPOSALS = `SELECT * FROM remediations WHERE state = 'proposed' AND expires_at_ms <= :nowMs LIMIT 200`
const VERIFICATIONS = `SELECT * FROM remediations WHERE state = 'verifying' AND watch_until_ms <= :nowMs LIMIT 200`
const NOTICES = `SELECT * FROM notices WHERE state = 'open' AND ends_at_ms <= :nowMs LIMIT 200`

export function dueStore(db: Database): Pick<Upkeep, 'nextDue' | 'due'> {
  return {
    async nextDue(quietAfterMs) {
      const atMs = db.get(NEXT_DUE, { quietAfterMs })?.['at_ms']
      return atMs === null || atMs === undefined ? undefined : Number(atMs)
    },
    async due(nowMs, quietAfterMs) {
      return {
        incidents: db.all(INCIDENTS, { nowMs, quietAfterMs }).map(incidentOf),
        proposals: db.all(PROPOSALS, { nowMs }).map((row) => remediationOf(db, row)),
        verifications: db.all(VERIFICATIONS, { nowMs }).map((row) => remediationOf(db, row)),
        notices: db.all(NOTICES, { nowMs }).map(noticeOf),
      }
    },
  }
}
