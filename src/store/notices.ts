import type { Notice, NoticeNews } from '../incidents/notice.ts'
import { STORM_HINT, type Storm, stormEndsAtMs, stormText } from '../incidents/storm.ts'
import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/new-id.ts'
import type { Intent } from '../outbox/intent.ts'
import { optionalNumber, optionalText } from './columns.ts'
import type { Database, Row } from './database.ts'
import { enqueue } from './enqueue.ts'
import type { NoticeStore } from './store.ts'

const OPEN_ONE = `SELECT * FROM notices WHERE host = :host AND code = :code AND state = 'open'`
const ONE = `SELECT * FROM notices WHERE id = :id`
const ALL_OPEN = `SELECT * FROM notices WHERE state = 'open' ORDER BY since_ms`
const ADD = `
  INSERT INTO notices (id, lane, host, code, state, since_ms, text, hint, ends_at_ms, revision)
  VALUES (:id, :lane, :host, :code, 'open', :sinceMs, :text, :hint, :endsAtMs, 1)`
const UPDATE = `
  UPDATE notices SET text = :text, hint = :hint, ends_at_ms = :endsAtMs, revision = revision + 1 WHERE id = :id`
const END = `UPDATE notices SET state = 'over', until_ms = :nowMs, revision = revision + 1 WHERE id = :id`
const NEWEST_STORM = `
  SELECT * FROM notices WHERE host = :host AND code = 'storm' ORDER BY since_ms DESC, state = 'open' DESC LIMIT 1`
const SAVE_STORM = `
  INSERT INTO notices (id, lane, host, code, state, since_ms, text, hint, ends_at_ms, storm, revision)
  VALUES (:id, :lane, :host, 'storm', 'open', :sinceMs, :text, :hint, :endsAtMs, :storm, :revision)
  ON CONFLICT (id) DO UPDATE SET text = excluded.text, ends_at_ms = excluded.ends_at_ms, storm = excluded.storm,
    revision = excluded.revision`

export function noticeStore(db: Database, clock: Clock): NoticeStore {
  return {
    async openNotice(news, lane) {
      return db.transaction(() => openNotice(db, news, lane, clock.now()))
    },
    async endNotice(host, code) {
      return db.transaction(() => endNotice(db, host, code, clock.now()))
    },
    async notice(id) {
      const row = db.get(ONE, { id })
      return row === undefined ? undefined : noticeOf(row)
    },
    async openNotices() {
      return db.all(ALL_OPEN).map(noticeOf)
    },
  }
}

/** Part of the caller's transaction. */
export function openNotice(
  db: Database,
  news: NoticeNews,
  lane: string,
  nowMs: number,
): { readonly notice: Notice; readonly fresh: boolean } {
  const { host, code, text, hint, endsAtMs } = news
  const open = db.get(OPEN_ONE, { host, code })
  if (open === undefined) {
    const id = newId()
    db.run(ADD, { id, lane, host, code, sinceMs: nowMs, text, hint, endsAtMs })
    return { notice: announced(db, id, nowMs), fresh: true }
  }
  const id = String(open['id'])
  const before = noticeOf(open)
  if (before.text === text && before.hint === hint && before.endsAtMs === endsAtMs) {
    return { notice: before, fresh: false }
  }
  db.run(UPDATE, { id, text, hint, endsAtMs })
  const saysTheSame = before.text === text && before.hint === hint
  return { notice: saysTheSame ? noticeOf(must(db, id)) : announced(db, id, nowMs), fresh: false }
}

/** The storm that a host is in, or was in last. */
export function newestStorm(db: Database, host: string): Storm | undefined {
  const row = db.get(NEWEST_STORM, { host })
  if (row === undefined) return undefined
  const counts = JSON.parse(String(row['storm'])) as Pick<Storm, 'lastFoldedAtMs' | 'incidents' | 'hits'>
  return {
    id: String(row['id']),
    host,
    sinceMs: Number(row['since_ms']),
    revision: Number(row['revision']),
    ...counts,
  }
}

/** Part of the caller's transaction; the intent is the fold's. A former storm that nobody has ended yet ends now. */
export function saveStorm(db: Database, storm: Storm, lane: string, nowMs: number): void {
  const { id, host, sinceMs, revision, lastFoldedAtMs, incidents, hits } = storm
  const open = db.get(OPEN_ONE, { host, code: 'storm' })
  if (open !== undefined && open['id'] !== id) endNotice(db, host, 'storm', nowMs)
  db.run(SAVE_STORM, {
    id,
    lane,
    host,
    sinceMs,
    revision,
    text: stormText(storm),
    hint: STORM_HINT,
    endsAtMs: stormEndsAtMs(storm),
    storm: JSON.stringify({ lastFoldedAtMs, incidents, hits }),
  })
}

export function noticeOf(row: Row): Notice {
  return {
    id: String(row['id']),
    host: String(row['host']),
    code: String(row['code']),
    state: row['state'] === 'open' ? 'open' : 'over',
    sinceMs: Number(row['since_ms']),
    untilMs: optionalNumber(row['until_ms']),
    text: String(row['text']),
    hint: optionalText(row['hint']),
    endsAtMs: optionalNumber(row['ends_at_ms']),
    revision: Number(row['revision']),
  }
}

function endNotice(db: Database, host: string, code: string, nowMs: number): Notice | undefined {
  const open = db.get(OPEN_ONE, { host, code })
  if (open === undefined) return undefined
  const id = String(open['id'])
  db.run(END, { id, nowMs })
  return announced(db, id, nowMs)
}

function announced(db: Database, id: string, nowMs: number): Notice {
  const row = must(db, id)
  const notice = noticeOf(row)
  const intent: Intent = {
    lane: String(row['lane']),
    messageKey: `notice:${notice.host}:${notice.code}:${id}`,
    kind: 'notice',
    subjectId: id,
    revision: notice.revision,
    threadOf: undefined,
  }
  enqueue(db, [intent], nowMs)
  return notice
}

function must(db: Database, id: string): Row {
  const row = db.get(ONE, { id })
  if (row === undefined) throw new Error(`notice ${id} vanished within its transaction`)
  return row
}
