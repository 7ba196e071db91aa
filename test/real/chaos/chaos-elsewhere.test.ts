import { describe, expect, test } from 'vitest'
import { noMailHosts } from '../../../dev/mailhost/lease.ts'
import { sampleOf } from '../sample.ts'
import { runChaos } from './run-chaos.ts'
import type { Source } from './sources.ts'

const FOR_MS = 8_000
const TIMEOUT_MS = 300_000
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 100_000)

const PLACES: readonly { readonly source: Source; readonly where: string }[] = [
  { source: 'journal', where: 'in the journal of a host without a mail log' },
  { source: 'local', where: 'on the mail host itself, in a log that it may read' },
  { source: 'local-helper', where: 'on the mail host itself, in a log that only the helper may read' },
]

describe.skipIf(noMailHosts())('the whole bot', () => {
  test.each(sampleOf(PLACES, 1))(
    `stores every limit hit once $where, while everything breaks (seed ${SEED})`,
    async ({ source }) => {
      const settings = {
        source,
        release: 'trixie',
        rotating: 'numbers',
        mostPauseMs: 700,
        killedInTheEnd: true,
      } as const
      const result = await runChaos({ ...settings, seed: SEED, forMs: FOR_MS })
      expect(result.faults).toEqual([])
      expect(result.lines).toBeGreaterThan(200)
    },
    TIMEOUT_MS,
  )
})
