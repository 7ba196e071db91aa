import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const FILES = ['maillimit-host', 'install'].map((name) =>
  fileURLToPath(new URL(`../../host/${name}`, import.meta.url)),
)

/** Each reads both scripts without running them. */
const READERS: readonly (readonly string[])[] = [
  ['shellcheck', '-s', 'sh'],
  ['dash', '-n'],
  ['bash', '--posix', '-n'],
  ['busybox', 'sh', '-n'],
]

function isMissing(program: string): boolean {
  if (spawnSync(program, ['--help']).error === undefined) return false
  if (process.env['CI'] === 'true') throw new Error(`CI must have ${program} (apt-get install ${program}).`)
  console.warn(`skipped: there is no ${program} here`)
  return true
}

describe('the scripts for mail hosts', () => {
  for (const [program = '', ...args] of READERS)
    test.skipIf(isMissing(program))(`are clean to ${[program, ...args].join(' ')}`, () => {
      for (const file of FILES) {
        const { status, stdout, stderr } = spawnSync(program, [...args, file], { encoding: 'utf8' })
        expect(`${stdout}${stderr}`).toBe('')
        expect(status).toBe(0)
      }
    })

  test('take no arguments and refuse to start with one', () => {
    const { status, stdout, stderr } = spawnSync('sh', [FILES[0] ?? '', 'hello'], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('takes no arguments')
  })
})
