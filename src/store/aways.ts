import type { Away } from '../incidents/away.ts'
import type { Database } from './database.ts'
import type { AwayHits } from './store.ts'

const NEWEST = `SELECT * FROM aways WHERE host = :host ORDER BY last_arrival_at_ms DESC LIMIT 1`
const ONE = `SELECT * FROM aways WHERE id = :id`
const SAVE = `
  INSERT INTO aways (id, host, hits, first_hit_at_ms, last_hit_at_ms, last_arrival_at_ms, revision)
  VALUES (:id, :host, :hits, :firstHitAtMs, :lastHitAtMs, :lastArrivalAtMs, :revision)
  ON CONFLICT (id) DO UPDATE SET hits = excluded.hits, first_hit_at_ms = excluded.first_hit_at_ms,
    last_hit_at_ms = excluded.last_hit_at_ms, last_arrival_at_ms = excluded.last_arrival_at_ms,
    revision = excluded.revision`
const USERS = `
  SELECT user, service, client, count(*) AS hits FROM hits WHERE away_id = :id
  GROUP BY user, service, client ORDER BY hits DESC, user LIMIT 50`

export function newestAway(db: Database, host: string): Away | undefined {
  const row = db.get(NEWEST, { host })
  if (row === undefined) return undefined
  return {
    id: String(row['id']),
    host,
    hits: Number(row['hits']),
    firstHitAtMs: Number(row['first_hit_at_ms']),
    lastHitAtMs: Number(row['last_hit_at_ms']),
    lastArrivalAtMs: Number(row['last_arrival_at_ms']),
    revision: Number(row['revision']),
  }
}

/** Part of the caller's transaction. */
export function saveAway(db: Database, away: Away): void {
  db.run(SAVE, away)
}

export function awayHits(db: Database, id: string): AwayHits | undefined {
  const row = db.get(ONE, { id })
  if (row === undefined) return undefined
  return {
    host: String(row['host']),
    hits: Number(row['hits']),
    firstAtMs: Number(row['first_hit_at_ms']),
    lastAtMs: Number(row['last_hit_at_ms']),
    users: db.all(USERS, { id }).map((user) => ({
      user: String(user['user']),
      service: String(user['service']),
      client: String(user['client']),
      hits: Number(user['hits']),
    })),
  }
}
