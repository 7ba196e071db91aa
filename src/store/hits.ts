import type { Clock } from '../lib/clock.ts'
import type { Cursor } from '../logs/cursor.ts'
import { optionalNumber } from './columns.ts'
import type { Database } from './database.ts'
import { HitBatch } from './hit-batch.ts'
import { openNotice } from './notices.ts'
import type { HitStore } from './store.ts'

const CURSOR = `SELECT cursor FROM cursors WHERE host = :host`
const SAVE_CURSOR = `
  INSERT INTO cursors (host, cursor, at_ms) VALUES (:host, :cursor, :atMs)
  ON CONFLICT (host) DO UPDATE SET cursor = excluded.cursor, at_ms = excluded.at_ms`

const BY_LIMIT = `
  SELECT limit_value, count(*) AS hits FROM hits
  WHERE host = :host AND service = :service AND at_ms >= :sinceMs AND (:untilMs IS NULL OR at_ms < :untilMs)
  GROUP BY limit_value ORDER BY limit_value`
const REFUSALS = `
  SELECT hits.at_ms, limit_value FROM incidents JOIN hits ON hits.user = incidents.user
  WHERE incidents.id = :incidentId AND hits.incident_id = :incidentId ORDER BY hits.at_ms DESC LIMIT :limit`
const OTHER_USERS = `
  SELECT count(DISTINCT user) AS users FROM hits
  WHERE host = :host AND at_ms >= :sinceMs AND client = :client AND user <> :user`
const WAS_REFUSED = `
  SELECT 1 FROM hits WHERE user = :user AND at_ms >= :sinceMs AND at_ms < :untilMs
    AND host = :host AND service = :service AND client = :client LIMIT 1`
const OF_USER = `
  SELECT host, service, client, count(*) AS hits, max(at_ms) AS last_at_ms FROM hits
  WHERE user = :user AND at_ms >= :sinceMs GROUP BY host, service, client ORDER BY last_at_ms DESC`

export function hitStore(db: Database, clock: Clock): HitStore {
  return {
    async cursor(host) {
      const row = db.get(CURSOR, { host })
      return row === undefined ? undefined : (JSON.parse(String(row['cursor'])) as Cursor)
    },
    async saveCursor(host, cursor) {
      saveCursor(db, host, cursor)
    },
    async recordHits(host, cursor, hits, fold, setting) {
      return db.transaction(() => {
        const batch = new HitBatch(db, host, fold, setting)
        for (const observed of hits) batch.add(observed)
        saveCursor(db, host, cursor)
        return batch.finish()
      })
    },
    async recordGap(host, cursor, news, lane) {
      return db.transaction(() => {
        saveCursor(db, host, cursor)
        return openNotice(db, news, lane, clock.now()).notice
      })
    },
    async hitsByLimit(host, service, sinceMs, untilMs) {
      return db
        .all(BY_LIMIT, { host, service, sinceMs, untilMs })
        .map((row) => ({ limit: optionalNumber(row['limit_value']), hits: Number(row['hits']) }))
    },
    async refusals(incidentId, limit) {
      return db
        .all(REFUSALS, { incidentId, limit })
        .map((row) => ({ atMs: Number(row['at_ms']), limit: optionalNumber(row['limit_value']) }))
    },
    async otherUsersRefused(host, client, user, sinceMs) {
      return Number(db.get(OTHER_USERS, { host, client, user, sinceMs })?.['users'] ?? 0)
    },
    async wasRefused({ host, service, user, client }, sinceMs, untilMs) {
      return db.get(WAS_REFUSED, { host, service, user, client, sinceMs, untilMs }) !== undefined
    },
    async hitsOfUser(user, sinceMs) {
      return db.all(OF_USER, { user, sinceMs }).map((row) => ({
        host: String(row['host']),
        service: String(row['service']),
        client: String(row['client']),
        hits: Number(row['hits']),
        lastAtMs: Number(row['last_at_ms']),
      }))
    },
  }
}

function saveCursor(db: Database, host: string, cursor: Cursor): void {
  db.run(SAVE_CURSOR, { host, cursor: JSON.stringify(cursor), atMs: cursor.atMs })
}
