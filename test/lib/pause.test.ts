import { expect, it } from 'vitest'
import { pause } from '../../src/lib/pause.ts'
import { FakeClock } from './fake-clock.ts'

const never = new AbortController().signal

/** The instants, from 0, at which each of the waits was over. */
function waited(clock: FakeClock) {
  const beganAtMs = clock.now()
  const overAtMs: number[] = []
  return { overAtMs, over: () => overAtMs.push(clock.now() - beganAtMs) }
}

it('lasts as long as it was meant to when nobody is in a hurry', async () => {
  const clock = new FakeClock()
  const { overAtMs, over } = waited(clock)
  void pause(clock).wait(60_000, never, 5_000).then(over)
  await clock.advance(100_000)
  expect(overAtMs).toEqual([60_000])
})

it.each([
  ['before its least length is over, ends with that', 2_000, 5_000],
  ['afterwards, ends at once', 20_000, 20_000],
])('cut short %s', async (_, cutAtMs, endsAtMs) => {
  const clock = new FakeClock()
  const { overAtMs, over } = waited(clock)
  const made = pause(clock)
  void made.wait(60_000, never, 5_000).then(over)
  await clock.advance(cutAtMs)
  made.endSoon()
  made.endSoon()
  await clock.advance(100_000)
  expect(overAtMs).toEqual([endsAtMs])
  expect(clock.waiting).toBe(0)
})

it('that was cut short makes the next one no shorter, nor does haste while nothing is waited for', async () => {
  const clock = new FakeClock()
  const { overAtMs, over } = waited(clock)
  const made = pause(clock)
  made.endSoon()
  const both = made
    .wait(10_000, never)
    .then(over)
    .then(() => made.endSoon())
    .then(() => made.wait(10_000, never).then(over))
  await clock.advance(4_000)
  made.endSoon()
  await clock.advance(100_000)
  await both
  expect(overAtMs).toEqual([4_000, 14_000])
})

it('is no longer when the clock is set back meanwhile, cut short or not', async () => {
  const clock = new FakeClock()
  let stepMs = 0
  const steppingClock = { now: () => clock.now() + stepMs, after: clock.after.bind(clock) }
  const { overAtMs, over } = waited(clock)
  const made = pause(steppingClock)
  const both = made
    .wait(10_000, never, 5_000)
    .then(over)
    .then(() => made.wait(10_000, never, 5_000).then(over))
  stepMs = -3_600_000
  await clock.advance(11_000)
  stepMs = -7_200_000
  made.endSoon()
  await clock.advance(100_000)
  await both
  expect(overAtMs).toEqual([10_000, 16_000])
})

it('ends with its signal, whatever its least length', async () => {
  const clock = new FakeClock()
  const { overAtMs, over } = waited(clock)
  const stop = new AbortController()
  const made = pause(clock)
  void made.wait(60_000, stop.signal, 5_000).then(over)
  made.endSoon()
  await clock.advance(1_000)
  stop.abort()
  await clock.advance(0)
  expect(overAtMs).toEqual([1_000])
  expect(clock.waiting).toBe(0)
})
