import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { liveBytes } from '../../src/hosts/live-bytes.ts'
import { countingClock } from './counting-clock.ts'
import { leftovers } from './leftovers.ts'

const clock = countingClock()
const never = new AbortController().signal
let folder: string
let path: string
let before: readonly string[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'live-bytes-'))
  path = join(folder, 'mail.log')
  before = await leftovers()
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  assert.deepEqual({ timers: clock.set(), held: await leftovers(before) }, { timers: 0, held: before })
})

test('what is there from the position on comes at once, what is appended as it is appended, every byte as it is', async () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  writeFileSync(path, Buffer.concat([Buffer.from('skipped'), every]))
  const live = liveBytes(path, 7, clock)
  expect(await live.next(30_000, never)).toEqual(every)
  expect(await live.next(20, never)).toBe('quiet')
  appendFileSync(path, every)
  expect(await live.next(30_000, never)).toEqual(every)
  live.stop()
  appendFileSync(path, every)
  expect(await live.next(20, never)).toBe('lost')
})

test('a rename, a missing file and a folder that is gone are all the same: lost', async () => {
  expect(await liveBytes(join(folder, 'absent'), 0, clock).next(30_000, never)).toBe('lost')
  writeFileSync(path, 'x')
  const live = liveBytes(path, 1, clock)
  setTimeout(() => renameSync(path, `${path}.1`), 20)
  expect(await live.next(30_000, never)).toBe('lost')
})

test('a reader who does not come is left behind instead of filling memory', async () => {
  // Whether everything was read meanwhile, only the reader could tell: a busy machine is given more time from round to round.
  for (let pauseMs = 2; ; pauseMs *= 4) {
    writeFileSync(path, '')
    const live = liveBytes(path, 0, clock)
    for (let i = 0; i < 40; i++) {
      appendFileSync(path, Buffer.alloc(100_000, 'x'))
      await wait(pauseMs)
    }
    let queued = 0
    let next = await live.next(500, never)
    for (; typeof next !== 'string'; next = await live.next(500, never)) queued += next.length
    live.stop()
    if (next === 'quiet' && pauseMs < 500) continue
    expect(next).toBe('lost')
    expect(queued).toBeGreaterThan(0)
    expect(queued).toBeLessThan(2_000_000)
    break
  }
})

test('an abort ends the wait', async () => {
  writeFileSync(path, '')
  const live = liveBytes(path, 0, clock)
  const abort = new AbortController()
  const next = live.next(60_000, abort.signal)
  abort.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  live.stop()
})
