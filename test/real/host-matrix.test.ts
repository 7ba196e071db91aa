import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { type Case, FAULTS, KINDS, play, type Track } from './matrix-case.ts'
import { MATRIX_POINTS } from './matrix-points.ts'
import { openMatrixStage } from './matrix-stage.ts'
import { keepTable, type Row, tableOf } from './matrix-table.ts'
import { sampleOf } from './sample.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']
const SAMPLE = 5
const CASE_WITHIN_MS = 240_000

/** `MATRIX_ONLY='rollback .* power-cut'` plays those cases alone. */
const ONLY = new RegExp(process.env['MATRIX_ONLY'] ?? '')

/** Bots and hosts at a time for each version: they keep two cores busy, and more would only take longer at each case. */
const STAGES = Number(process.env['MATRIX_STAGES'] ?? 4)

/** Those that wait for nothing but the processor come last, so that no stage waits for a connection while the others have nothing left to do. */
const CASES: readonly Case[] = KINDS.flatMap((kind) =>
  MATRIX_POINTS.flatMap((point) => FAULTS.map((fault) => ({ kind, point, fault }))),
).toSorted((one, other) => Number(one.fault === 'helper') - Number(other.fault === 'helper'))

function nameOf({ kind, point, fault }: Case): string {
  return `${kind} ${point.step} ${fault}`
}

/** The next case for a stage: raises and rollbacks in turns, as far as there are any, since a rollback needs a raise. */
function takeNext(waiting: Case[], { reversible }: Track): Case | undefined {
  const wanted = reversible === undefined ? 'raise' : 'rollback'
  const index = waiting.findIndex(({ kind }) => kind === wanted)
  return waiting.splice(Math.max(0, index), 1)[0]
}

async function tooLate(): Promise<never> {
  await sleep(CASE_WITHIN_MS, undefined, { ref: false })
  throw new Error(`it has not ended after ${CASE_WITHIN_MS / 1000} s`)
}

/** Plays cases until none is left; a stage on which something failed is replaced. */
async function playAll(version: Release, waiting: Case[], rows: Row[], failures: string[]): Promise<void> {
  while (waiting.length > 0) {
    await using stage = await openMatrixStage(version)
    const track: Track = { reversible: undefined, world: undefined, played: 0 }
    for (let next = takeNext(waiting, track); next !== undefined; next = takeNext(waiting, track)) {
      const beganMs = performance.now()
      const row = (outcome: string): Row => ({
        kind: next.kind,
        step: next.point.step,
        fault: next.fault,
        outcome,
        tookMs: performance.now() - beganMs,
      })
      try {
        rows.push(row(await Promise.race([play(stage, track, next), tooLate()])))
      } catch (error) {
        rows.push(row('FAILED'))
        const why = error instanceof Error ? error.message : String(error)
        failures.push(`${version} ${nameOf(next)}: ${why}\n${stage.bot.lastWords()}`)
        process.stderr.write(`${failures.at(-1)}\n`)
        break
      } finally {
        const { outcome, tookMs } = rows.at(-1) ?? row('')
        if (process.env['MATRIX'] === 'all')
          process.stderr.write(`${version}\t${nameOf(next)}\t${outcome}\t${Math.round(tookMs)} ms\n`)
      }
    }
  }
}

describe.skipIf(noMailHosts())(
  'steps × faults: the host is whole afterwards, and host, bot and thread agree',
  () => {
    describe.concurrent.each(VERSIONS)('on %s', (version) => {
      test('whatever happens at whichever step', async () => {
        const beganMs = performance.now()
        const cases = CASES.filter((each) => ONLY.test(nameOf(each)))
        const waiting = [...sampleOf(cases, SAMPLE, VERSIONS.indexOf(version))]
        const wanted = waiting.length
        const rows: Row[] = []
        const failures: string[] = []
        const stages = Array.from({ length: Math.min(STAGES, Math.ceil(wanted / SAMPLE)) }, async () =>
          playAll(version, waiting, rows, failures),
        )
        await Promise.all(stages)
        const table = tableOf(version, rows, performance.now() - beganMs)
        if (process.env['MATRIX'] === 'all') keepTable(version, table)
        else console.log(table)
        expect(failures.join('\n')).toBe('')
        expect(rows).toHaveLength(wanted)
      }, 3_600_000)
    })
  },
)
