import { expect, it } from 'vitest'
import { RecentSamples } from '../../src/app/recent-samples.ts'
import { MINUTE } from './a-bot.ts'

it('keeps the ten newest samples of an incident, and forgets incidents that nobody looks at any more', () => {
  const samples = new RecentSamples()
  const at = (minute: number) => ({ atMs: minute * MINUTE, sessions: [] })
  for (let minute = 0; minute < 12; minute++) samples.add('long', at(minute))
  const taken = samples.add('long', at(12))
  expect(taken.map(({ atMs }) => atMs / MINUTE)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  for (let number = 0; number < 1_000; number++) samples.add(`inc${number}`, at(13 + number))
  expect(samples.incidents).toBe(60)
})
