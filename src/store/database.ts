import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { OpsError } from '../lib/errors.ts'
import { storeFault } from './store-fault.ts'

export type Values = Readonly<Record<string, string | number | boolean | null | undefined>>
export type Row = Readonly<Record<string, string | number | null>>

/** node:sqlite with prepared statements kept, and faults that name the file. Everything is synchronous, so that a transaction cannot be joined. */
export class Database {
  readonly path: string
  readonly #sqlite: DatabaseSync
  #closed = false
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.path = path
    this.#sqlite = this.#guarded(
      () => new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 2_000 }),
    )
  }

  /** Statements without parameters and results: pragmas, migrations. */
  exec(sql: string): void {
    this.#guarded(() => this.#sqlite.exec(sql))
  }

  /** How many rows changed. */
  run(sql: string, values: Values = {}): number {
    return this.#guarded(() => Number(this.#statement(sql).run(bound(values)).changes))
  }

  get(sql: string, values: Values = {}): Row | undefined {
    return this.#guarded(() => this.#statement(sql).get(bound(values)) as Row | undefined)
  }

  all(sql: string, values: Values = {}): readonly Row[] {
    return this.#guarded(() => this.#statement(sql).all(bound(values)) as Row[])
  }

  /** All of `body` or nothing. `body` must not await. */
  transaction<T>(body: () => T): T {
    this.exec('BEGIN IMMEDIATE')
    try {
      const result = body()
      this.exec('COMMIT')
      return result
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#sqlite.isTransaction) this.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#sqlite.close()
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#sqlite.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #guarded<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (this.#closed) throw new OpsError('store-closed', `${this.path} is closed already`, { cause: error })
      throw storeFault(error, this.path)
    }
  }
}

function bound(values: Values): Record<string, SQLInputValue> {
  const result: Record<string, SQLInputValue> = {}
  for (const name in values) {
    const value = values[name]
    result[name] = value === undefined ? null : typeof value === 'boolean' ? Number(value) : value
  }
  return result
}
