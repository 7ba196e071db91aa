import { describe, expect, test } from 'vitest'
import { noMailHosts } from '../../../dev/mailhost/lease.ts'
import { runChaos } from './run-chaos.ts'

/** `npm run chaos` goes on for as long as one likes. */
const FOR_MS = 30_000
const TIMEOUT_MS = 300_000
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 100_000)

describe.skipIf(noMailHosts())('the whole bot', () => {
  test(
    `stores every limit hit once, while the log is rotated and everything around it breaks (seed ${SEED})`,
    async () => {
      const settings = {
        source: 'ssh',
        release: 'el9like',
        rotating: 'dates',
        mostPauseMs: 1_500,
        killedInTheEnd: true,
      } as const
      const result = await runChaos({ ...settings, seed: SEED, forMs: FOR_MS })
      expect(result.faults).toEqual([])
      expect(result.lines).toBeGreaterThan(1_000)
      expect(result.follows).toBeGreaterThan(1)
    },
    TIMEOUT_MS,
  )
})
