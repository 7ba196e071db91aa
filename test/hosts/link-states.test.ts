import { expect, test } from 'vitest'
import { linkStates } from '../../src/hosts/link-states.ts'
import { OpsError } from '../../src/lib/errors.ts'
import { FakeClock } from '../lib/fake-clock.ts'

test('a host is away since it was last up, and for the newest reason, through every try until it is up again', async () => {
  const clock = new FakeClock(0)
  const states = linkStates(clock)
  const refused = new OpsError('unreachable', 'refused')
  const silent = new OpsError('timeout', 'silent')
  const seen: unknown[] = []
  for (const state of [
    { kind: 'down', fault: refused, retryAtMs: 1 },
    { kind: 'connecting' },
    { kind: 'up' },
    { kind: 'down', fault: refused, retryAtMs: 1 },
    { kind: 'connecting' },
    { kind: 'down', fault: silent, retryAtMs: 2 },
    { kind: 'connecting' },
    { kind: 'closed' },
  ] as const) {
    await clock.advance(1_000)
    states.enter(state)
    seen.push(states.current)
  }
  expect(seen).toEqual([
    { kind: 'down', sinceMs: 0, fault: refused, retryAtMs: 1 },
    { kind: 'connecting', sinceMs: 0, fault: refused },
    { kind: 'up', sinceMs: 3_000 },
    { kind: 'down', sinceMs: 4_000, fault: refused, retryAtMs: 1 },
    { kind: 'connecting', sinceMs: 4_000, fault: refused },
    { kind: 'down', sinceMs: 4_000, fault: silent, retryAtMs: 2 },
    { kind: 'connecting', sinceMs: 4_000, fault: silent },
    { kind: 'closed', sinceMs: 8_000 },
  ])
})
