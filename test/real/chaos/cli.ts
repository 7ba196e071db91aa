import { parseArgs } from 'node:util'
import { isRelease } from '../../../dev/mailhost/recipe.ts'
import { chaosTable } from './chaos-table.ts'
import { ROTATIONS } from './rotation.ts'
import { runChaos } from './run-chaos.ts'
import { SOURCES } from './sources.ts'

const USAGE = `usage: npm run chaos -- [--source ${SOURCES.join('|')}] [--release bookworm|trixie|el9like]
                       [--rotating ${ROTATIONS.join('|')}] [--minutes 30] [--seed N]`

/** The exit code: 1 if a line was lost or counted twice, or anything else was not as it must be. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      source: { type: 'string', default: 'ssh' },
      release: { type: 'string', default: 'trixie' },
      rotating: { type: 'string', default: 'numbers' },
      minutes: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
    },
  })
  const { release } = values
  const source = SOURCES.find((one) => one === values.source)
  const rotating = ROTATIONS.find((one) => one === values.rotating)
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
  if (
    source === undefined ||
    rotating === undefined ||
    !isRelease(release) ||
    !(minutes > 0) ||
    !(seed >= 0)
  ) {
    console.error(USAGE)
    return 2
  }
  const startedAt = performance.now()
  const progress = (line: string) => {
    const seconds = Math.floor((performance.now() - startedAt) / 1_000)
    console.log(
      `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}  ${line}`,
    )
  }
  console.log(
    `chaos: ${source}, ${release}, ${source === 'journal' ? '' : `${rotating}, `}${minutes} min, seed ${seed}`,
  )
  const forMs = minutes * 60_000
  const result = await runChaos({ source, release, rotating, seed, forMs, mostPauseMs: 3_000, progress })
  console.log(`\n${chaosTable(result)}\n\ncaught up ${result.caughtUpAfterMs} ms after the last line`)
  for (const fault of result.faults) console.error(fault)
  if (result.faults.length > 0) console.error(`The bot’s log and state: ${result.folder}`)
  return result.faults.length > 0 ? 1 : 0
}

process.exitCode = await main()
