import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { STEPS } from './fault-points.ts'
import { FAULTS, KINDS } from './matrix-case.ts'

/** One case that was played. */
export type Row = {
  readonly kind: (typeof KINDS)[number]
  readonly step: string
  readonly fault: (typeof FAULTS)[number]
  /** `applied`, `interrupted` …; `FAILED` when something was not whole. */
  readonly outcome: string
  readonly tookMs: number
}

const FOLDER = resolve(import.meta.dirname, '../../.cache/matrix')

export function forgetTables(): void {
  rmSync(FOLDER, { recursive: true, force: true })
}

/** Kept for the end of the run: what stands in the middle of a run's output is read by nobody. */
export function keepTable(version: Release, text: string): void {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(resolve(FOLDER, version), text)
}

export function keptTables(): readonly string[] {
  if (!existsSync(FOLDER)) return []
  return readdirSync(FOLDER)
    .toSorted()
    .map((name) => readFileSync(resolve(FOLDER, name), 'utf8'))
}

/** Steps × faults × outcome, a table for each kind of change, and what it came to. */
export function tableOf(version: Release, rows: readonly Row[], tookMs: number): string {
  const lines: string[] = []
  for (const kind of KINDS) {
    const ofKind = rows.filter((row) => row.kind === kind)
    if (ofKind.length === 0) continue
    lines.push('', line([`${kind} on ${version}`, ...FAULTS]))
    for (const step of STEPS) {
      const cells = FAULTS.map(
        (fault) => ofKind.find((row) => row.step === step && row.fault === fault)?.outcome ?? '·',
      )
      if (cells.some((cell) => cell !== '·')) lines.push(line([step, ...cells]))
    }
  }
  const outcomes = Map.groupBy(rows, ({ outcome }) => outcome)
  const counts = [...outcomes].map(([outcome, those]) => `${those.length} ${outcome}`).toSorted()
  const slowest = FAULTS.map((fault) => {
    const ms = rows.filter((row) => row.fault === fault).map(({ tookMs: each }) => each)
    return ms.length === 0
      ? ''
      : `${fault} ${(ms.reduce((sum, each) => sum + each, 0) / ms.length / 1000).toFixed(1)} s`
  })
  lines.push(
    '',
    `${version}: ${rows.length} cases in ${(tookMs / 60_000).toFixed(1)} minutes: ${counts.join(', ')}`,
    `a case took on average: ${slowest.filter(Boolean).join(', ')}`,
    '',
  )
  return lines.join('\n')
}

function line([first = '', ...cells]: readonly string[]): string {
  return [first.padEnd(22), ...cells.map((cell) => cell.padEnd(13))].join('').trimEnd()
}
