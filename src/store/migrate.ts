import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../lib/errors.ts'
import type { Database } from './database.ts'

const FOLDER = join(import.meta.dirname, 'migrations')

/** Brings the schema up to date, one numbered file a transaction; `PRAGMA user_version` says which were done. */
export function migrate(db: Database): void {
  const migrations = listMigrations()
  const version = Number(db.get('PRAGMA user_version')?.['user_version'] ?? 0)
  if (version > newestSchema()) throw storeNewer(db.path, version)
  for (const { number, file } of migrations.filter((migration) => migration.number > version)) {
    db.transaction(() => {
      db.exec(readFileSync(join(FOLDER, file), 'utf8'))
      db.exec(`PRAGMA user_version = ${number}`)
    })
  }
}

export function storeNewer(path: string, version: number): OpsError {
  const newest = newestSchema()
  return new OpsError(
    'store-newer',
    `${path} was written by a newer maillimit (schema ${version}; this one knows ${newest})`,
    {
      hint: 'Run the newer version again, or restore the backup from before the upgrade.',
      context: { version, newest },
    },
  )
}

/** The number of the newest migration: the schema that this release writes. */
export function newestSchema(): number {
  return listMigrations().at(-1)?.number ?? 0
}

function listMigrations(): ReadonlyArray<{ readonly number: number; readonly file: string }> {
  return readdirSync(FOLDER)
    .filter((file) => /^\d{3}-[a-z0-9-]+\.sql$/.test(file))
    .sort()
    .map((file) => ({ number: Number(file.slice(0, 3)), file }))
}
