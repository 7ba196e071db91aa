import { forgetTables, keptTables } from './matrix-table.ts'

export function setup(): void {
  forgetTables()
}

/** The tables of `npm run matrix` come last, where they are read. */
export function teardown(): void {
  for (const table of keptTables()) console.log(table)
}
