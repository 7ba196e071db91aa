import type { Clock } from '../lib/clock.ts'
import type { Click } from '../remediation/click.ts'
import type { Database } from './database.ts'
import type { ClickStore } from './store.ts'

const RECORD = `INSERT INTO clicks (key, at_ms, click) VALUES (:key, :atMs, :click) ON CONFLICT (key) DO NOTHING`
const FINISH = `
  UPDATE clicks SET finished_at_ms = :nowMs, outcome = :outcome WHERE key = :key AND finished_at_ms IS NULL`
const UNFINISHED = `SELECT click FROM clicks WHERE finished_at_ms IS NULL ORDER BY at_ms, key`

export function clickStore(db: Database, clock: Clock): ClickStore {
  return {
    async recordClick(click) {
      const added = db.run(RECORD, { key: click.key, atMs: click.atMs, click: JSON.stringify(click) })
      return added === 1 ? 'new' : 'repeated'
    },
    async finishClick(key, outcome) {
      db.run(FINISH, { key, outcome, nowMs: clock.now() })
    },
    async unfinishedClicks() {
      return db.all(UNFINISHED).map((row) => JSON.parse(String(row['click'])) as Click)
    },
  }
}
