import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OpsError } from '../lib/errors.ts'
import { newestSchema, storeNewer } from './migrate.ts'
import { APPLICATION_ID } from './open-store.ts'
import { storeFault } from './store-fault.ts'

export type StoreInspection =
  /** The first start will create it in `folder`. */
  | { readonly kind: 'absent'; readonly folder: string }
  | {
      readonly kind: 'present'
      /** A bot has it open at this moment. */
      readonly inUse: boolean
      readonly sizeBytes: number
      readonly schema: number
      /** What this release writes; a lower `schema` is brought up to it by the next start. */
      readonly newestSchema: number
      /** The permission bits. */
      readonly mode: number
      readonly ownerUid: number
    }

/** Looks at the state without creating, migrating or locking anything. Throws the OpsError that a start would throw. */
export function inspectStore(path: string): StoreInspection {
  if (!existsSync(path)) return { kind: 'absent', folder: writableFolder(path) }
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw unreachable(path, error)
  }
  const { size, mode, uid } = statSync(path)
  return {
    kind: 'present',
    inUse: isLocked(`${path}.lock`),
    sizeBytes: size,
    schema: schemaOf(path),
    newestSchema: newestSchema(),
    mode: mode & 0o777,
    ownerUid: uid,
  }
}

/** The nearest folder that exists above a file that does not. */
function writableFolder(path: string): string {
  let folder = dirname(resolve(path))
  while (!existsSync(folder)) folder = dirname(folder)
  try {
    if (!statSync(folder).isDirectory()) throw new Error(`${folder} is not a folder`)
    accessSync(folder, constants.W_OK | constants.X_OK)
    return folder
  } catch (error) {
    throw unreachable(path, error)
  }
}

/** The running bot holds an exclusive lock, which even a reader meets. */
function isLocked(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    read(path, 'SELECT count(*) FROM sqlite_schema')
    return false
  } catch (error) {
    const fault = storeFault(error, path)
    if (fault instanceof OpsError && fault.code === 'store-in-use') return true
    throw fault
  }
}

function schemaOf(path: string): number {
  try {
    const id = Number(read(path, 'PRAGMA application_id'))
    const tables = Number(read(path, 'SELECT count(*) FROM sqlite_schema'))
    if (id !== APPLICATION_ID && tables > 0) {
      throw new OpsError('store-not-ours', `${path} belongs to another program`, {
        hint: 'Point STATE_DB at another file; this one was left as it is.',
        context: { path, applicationId: id },
      })
    }
    const schema = Number(read(path, 'PRAGMA user_version'))
    if (schema > newestSchema()) throw storeNewer(path, schema)
    return schema
  } catch (error) {
    throw storeFault(error, path)
  }
}

/** The first value of the first row. */
function read(path: string, sql: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 0 })
  try {
    return Object.values(db.prepare(sql).get() ?? {})[0]
  } finally {
    db.close()
  }
}

function unreachable(path: string, cause: unknown): OpsError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new OpsError('store-unreachable', `${path} cannot be opened (${why})`, {
    hint: 'Check STATE_DB: the folder must exist or be creatable, and belong to the account that runs the bot.',
    context: { path },
    cause,
  })
}
