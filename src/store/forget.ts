import { setImmediate } from 'node:timers/promises'
import type { Incident } from '../incidents/incident.ts'
import type { Clock } from '../lib/clock.ts'
import type { Database } from './database.ts'
import { incidentOf, toSteps } from './incident-rows.ts'
import type { Upkeep } from './store.ts'

/** Nothing asks for a single hit that is older; incidents keep their counts. */
const HITS_KEPT_MS = 7 * 86_400_000

/** Rows a transaction, so that a hit that arrives meanwhile waits for milliseconds only. */
const STEP = 2_000

const HOSTS = `SELECT host FROM cursors`
const OLD_HITS = `
  DELETE FROM hits WHERE id IN (
    SELECT id FROM hits WHERE host = :host AND at_ms < :beforeMs LIMIT ${STEP})`
const OLD_INCIDENTS = `
  SELECT * FROM incidents INDEXED BY incidents_to_forget
  WHERE state = 'resolved' AND last_hit_at_ms < :beforeMs AND forgotten = 0 LIMIT 200`
const FORGET_INCIDENT = `
  UPDATE incidents SET user = '', client = '', detail = :detail, forgotten = 1 WHERE id = :id`
const FORGET_CLIENTS = `UPDATE remediations SET client = NULL WHERE proposed_at_ms < :beforeMs AND client IS NOT NULL`

/** Audit entries should name ids alone; what a name may stand under goes all the same. */
const NAMES = `'$.user', '$.client', '$.rip', '$.ip', '$.address'`
const FORGET_IN_AUDIT = `
  UPDATE audit SET detail = json_remove(detail, ${NAMES})
  WHERE at_ms < :beforeMs AND detail <> json_remove(detail, ${NAMES})`

const OLD_CLICKS = `DELETE FROM clicks WHERE finished_at_ms < :beforeMs`
const OLD_DELIVERIES = `DELETE FROM deliveries WHERE at_ms < :beforeMs`
const OLD_MESSAGES = `
  DELETE FROM outbox WHERE state = 'sent' AND (
    subject_id IN (SELECT id FROM notices WHERE state = 'over' AND until_ms < :beforeMs)
    OR subject_id IN (SELECT id FROM aways WHERE last_arrival_at_ms < :beforeMs))`
const OLD_NOTICES = `
  DELETE FROM notices WHERE state = 'over' AND until_ms < :beforeMs
    AND id NOT IN (SELECT subject_id FROM outbox WHERE kind = 'notice')`
const OLD_AWAYS = `
  DELETE FROM aways WHERE last_arrival_at_ms < :beforeMs
    AND id NOT IN (SELECT subject_id FROM outbox WHERE kind = 'away')`

export function forgetStore(db: Database, clock: Clock): Pick<Upkeep, 'forget'> {
  return {
    async forget(beforeMs) {
      const hits = await forgetHits(db, Math.max(beforeMs, clock.now() - HITS_KEPT_MS))
      const incidents = await forgetIncidents(db, beforeMs)
      db.transaction(() => {
        for (const sql of [FORGET_CLIENTS, FORGET_IN_AUDIT, OLD_CLICKS, OLD_DELIVERIES])
          db.run(sql, { beforeMs })
        for (const sql of [OLD_MESSAGES, OLD_NOTICES, OLD_AWAYS]) db.run(sql, { beforeMs })
      })
      // What was deleted would otherwise stay readable in the write-ahead log.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      return { hits, incidents }
    },
  }
}

async function forgetHits(db: Database, beforeMs: number): Promise<number> {
  let forgotten = 0
  for (const { host } of db.all(HOSTS)) {
    for (;;) {
      const deleted = db.run(OLD_HITS, { host, beforeMs })
      forgotten += deleted
      if (deleted < STEP) break
      await setImmediate()
    }
  }
  return forgotten
}

async function forgetIncidents(db: Database, beforeMs: number): Promise<number> {
  let forgotten = 0
  for (;;) {
    const rows = db.all(OLD_INCIDENTS, { beforeMs })
    if (rows.length === 0) return forgotten
    db.transaction(() => {
      for (const row of rows)
        db.run(FORGET_INCIDENT, { id: row['id'], detail: withoutNames(incidentOf(row)) })
    })
    forgotten += rows.length
    await setImmediate()
  }
}

/** The stored detail of an incident, without anything that names a person or an address. */
function withoutNames(incident: Incident): string {
  const { lastHit, openedAtMs, firstHitAtMs, recentHitsAtMs, limit, change, hitsAtNewValue } = incident
  const { stormId, handledBy, resolvedAtMs } = incident
  const blank: Incident['lastHit'] = {
    ...lastHit,
    user: '',
    userCut: false,
    rip: undefined,
    lip: undefined,
    session: undefined,
    reasonTail: undefined,
    logHost: undefined,
    extras: [],
    raw: '',
  }
  return JSON.stringify({
    stormId,
    openedAtMs,
    firstHitAtMs,
    recent: toSteps(recentHitsAtMs),
    addresses: [],
    lastHit: blank,
    limit,
    change,
    hitsAtNewValue,
    handledBy,
    resolvedAtMs,
  })
}
