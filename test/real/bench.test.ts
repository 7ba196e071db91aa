import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'

const ENTRY = resolve(import.meta.dirname, '../../dev/bench/cli.ts')
const run = promisify(execFile)

const bench = (...args: readonly string[]) => run(process.execPath, [ENTRY, '--quick', ...args])

/** Whether the targets are met depends on what else the machine does; that the bench measures does not. */
describe.skipIf(noMailHosts())('the bench', () => {
  it('measures an alert against a bare follow, and a change against the bare procedure', async () => {
    const { stdout } = await bench('alert', 'change')
    const difference = /difference, line by line \(n = 3\) +(-?[\d.]+) ms/.exec(stdout)?.[1]
    expect(Number(difference)).toBeGreaterThan(-2_000)
    expect(Number(difference)).toBeLessThan(2_000)
    const ratio = /ratio of the medians +([\d.]+) ×/.exec(stdout)?.[1]
    expect(Number(ratio)).toBeGreaterThan(0.1)
    expect(Number(ratio)).toBeLessThan(50)
  })

  it('names the rows that there are when asked for another one', async () => {
    await expect(bench('nonsense')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/alert[^]+change[^]+idle[^]+flood[^]+report[^]+start/) as string,
    })
  })
})
