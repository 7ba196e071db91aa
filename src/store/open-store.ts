import { closeSync, fchmodSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Clock, systemClock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import { auditAfter } from './audit.ts'
import { clickStore } from './clicks.ts'
import { Database } from './database.ts'
import { dueStore } from './due.ts'
import { forgetStore } from './forget.ts'
import { hitStore } from './hits.ts'
import { incidentStore } from './incidents.ts'
import { migrate } from './migrate.ts'
import { noticeStore } from './notices.ts'
import { outboxStore } from './outbox.ts'
import { remediationStore } from './remediations.ts'
import type { Store } from './store.ts'
import { lockStore } from './store-lock.ts'

/** 'mail' in ASCII: marks the file as ours. */
export const APPLICATION_ID = 0x6d61696c

/** Up to this size the whole file is checked at start (about 0.1 s); a bigger one is checked as it is read. */
const CHECKED_UP_TO_BYTES = 64 * 1024 * 1024

/**
 * Opens, or creates, the state of the bot. `:memory:` is a store that lives as long as the process. Throws an OpsError that names the
 * file and the remedy; nothing is ever repaired or replaced by itself.
 */
export function openStore(path: string, parts: { readonly clock: Clock } = { clock: systemClock }): Store {
  const unlock = path === ':memory:' ? () => {} : prepareFile(path)
  let db: Database | undefined
  try {
    db = new Database(path)
    prepareDatabase(db)
  } catch (error) {
    db?.close()
    unlock()
    throw error
  }
  return storeOf(db, parts.clock, unlock)
}

function storeOf(db: Database, clock: Clock, unlock: () => void): Store {
  return {
    ...hitStore(db, clock),
    ...incidentStore(db, clock),
    ...remediationStore(db, clock),
    ...outboxStore(db, clock),
    ...noticeStore(db, clock),
    ...clickStore(db, clock),
    ...dueStore(db),
    ...forgetStore(db, clock),
    async auditAfter(id, limit) {
      return auditAfter(db, id, limit)
    },
    close() {
      db.close()
      unlock()
    },
  }
}

/** The file is for the bot's account alone: it holds names and addresses. */
function prepareFile(path: string): () => void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder')
    for (const file of [path, `${path}.lock`]) {
      const descriptor = openSync(file, 'a', 0o600)
      fchmodSync(descriptor, 0o600)
      closeSync(descriptor)
    }
  } catch (error) {
    throw new OpsError('store-unreachable', `${path} cannot be opened (${reasonOf(error)})`, {
      hint: 'Check STATE_DB: the folder must exist or be creatable, and belong to the account that runs the bot.',
      context: { path },
      cause: error,
    })
  }
  return lockStore(path)
}

function prepareDatabase(db: Database): void {
  refuseForeign(db)
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 8000',
  )
  migrate(db)
  check(db)
}

function refuseForeign(db: Database): void {
  const id = db.get('PRAGMA application_id')?.['application_id']
  if (id === APPLICATION_ID) return
  if (Number(db.get('SELECT count(*) AS tables FROM sqlite_schema')?.['tables']) > 0) {
    throw new OpsError('store-not-ours', `${db.path} belongs to another program`, {
      hint: 'Point STATE_DB at another file; this one was left as it is.',
      context: { path: db.path, applicationId: id },
    })
  }
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
}

function check(db: Database): void {
  if (db.path === ':memory:' || (statSync(db.path).size ?? 0) > CHECKED_UP_TO_BYTES) return
  const answer = db.get('PRAGMA quick_check(1)')?.['quick_check']
  if (answer === 'ok') return
  throw new OpsError('store-corrupt', `${db.path} is damaged (${String(answer)})`, {
    hint: `Stop the bot, keep a copy of the file, and restore a backup or save what can be read with: sqlite3 ${db.path} .recover`,
    context: { path: db.path },
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
