import { parseArgs } from 'node:util'
import { canBootMailHosts, ensurePrerequisites } from '../mailhost/prerequisites.ts'
import { isRelease, type Release, RELEASES } from '../mailhost/recipe.ts'
import { ensureTemplate } from '../mailhost/template.ts'
import { alertRow } from './alert-row.ts'
import { changeRow } from './change-row.ts'
import { floodRow } from './flood-row.ts'
import { idleRow } from './idle-row.ts'
import { reportRow } from './report-row.ts'
import type { Figure, Row } from './row.ts'
import { startRow } from './start-row.ts'
import { table } from './table.ts'

const ROWS: readonly Row[] = [alertRow, changeRow, idleRow, floodRow, reportRow, startRow]

const USAGE = `usage: npm run bench -- [--quick] [--release ${RELEASES.join('|')}] [ROW…]
${ROWS.map(({ name, about }) => `  ${name.padEnd(8)}${about}`).join('\n')}
All rows unless some are named. --quick takes a few samples only, to see that the bench works.
The two sides of a comparison run within the same minute on the same machine: read ratios and differences, not milliseconds.`

const EXIT = { ok: 0, unmeasured: 1, usage: 2, unsupported: 4 } as const
/** What a row has to take away its hosts and files after it was told to end. */
const END_WITHIN_MS = 30_000

const started = performance.now()

function progress(line: string): void {
  console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`)
}

type Wanted = { readonly rows: readonly Row[]; readonly quick: boolean; readonly release: Release }

async function main(args: readonly string[]): Promise<number> {
  const wanted = parse(args)
  if (wanted === undefined) {
    console.error(USAGE)
    return EXIT.usage
  }
  const can = canBootMailHosts()
  if (!can.ready) {
    console.error(`The bench needs real mail hosts, which cannot be booted here: ${can.reason}.`)
    return EXIT.unsupported
  }
  const stop = stopSignal()
  await ensurePrerequisites(progress)
  await ensureTemplate(wanted.release, progress, stop)
  const measured: Array<readonly [string, readonly Figure[]]> = []
  const failed: string[] = []
  for (const row of wanted.rows) {
    if (stop.aborted) break
    progress(`${row.name}: ${row.about}`)
    try {
      measured.push([row.name, await bounded(row, wanted, stop)])
    } catch (error) {
      failed.push(row.name)
      console.error(
        `${row.name} could not be measured: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  if (measured.length > 0) console.log(table(measured))
  if (failed.length > 0) console.error(`not measured: ${failed.join(', ')}`)
  return failed.length > 0 || stop.aborted ? EXIT.unmeasured : EXIT.ok
}

async function bounded(row: Row, { quick, release }: Wanted, stop: AbortSignal): Promise<readonly Figure[]> {
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort(new Error(`it took longer than ${row.withinMs / 1000} s`))
    endSoon()
  }, row.withinMs)
  try {
    return await row.measure({ release, quick, progress, signal: AbortSignal.any([stop, late.signal]) })
  } finally {
    clearTimeout(timer)
  }
}

function parse(args: readonly string[]): Wanted | undefined {
  try {
    const options = { quick: { type: 'boolean' }, release: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const { quick = false, release = 'trixie' } = values
    const rows = ROWS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    if (!isRelease(release) || positionals.some((name) => !ROWS.some((row) => row.name === name)))
      return undefined
    return { rows, quick, release }
  } catch {
    return undefined
  }
}

function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) return progress('still ending; a moment')
      controller.abort(new Error(`it was stopped by ${name}`))
      endSoon()
    })
  return controller.signal
}

/** Hosts and bots go with this process, so the hard way is clean as well. */
function endSoon(): void {
  setTimeout(() => process.exit(EXIT.unmeasured), END_WITHIN_MS).unref()
}

process.exitCode = await main(process.argv.slice(2))
