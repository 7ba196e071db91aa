import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fullPace, POSTS, readyAtMs, spent } from '../../src/outbox/pace.ts'

describe('a pace', () => {
  it('never lets more through than a burst and one a second, and never blocks for longer than needed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_000), { maxLength: 100 }), (pauses) => {
        let nowMs = 1_000_000
        let pace = fullPace(POSTS, nowMs)
        const calls: number[] = []
        for (const pauseMs of pauses) {
          nowMs = Math.max(nowMs + pauseMs, readyAtMs(pace, POSTS))
          pace = spent(pace, POSTS, nowMs)
          calls.push(nowMs)
        }
        for (const [index, atMs] of calls.entries()) {
          const since = calls[index - POSTS.burst]
          if (since !== undefined) expect(atMs - since).toBeGreaterThanOrEqual(POSTS.everyMs)
        }
        expect(readyAtMs(pace, POSTS) - nowMs).toBeLessThanOrEqual(POSTS.everyMs)
      }),
    )
  })

  it('leaves as many calls as it is asked to for others', () => {
    const pace = spent(spent(fullPace(POSTS, 0), POSTS, 0), POSTS, 0)
    expect(readyAtMs(pace, POSTS)).toBe(0)
    expect(readyAtMs(pace, POSTS, 1)).toBe(0)
    expect(readyAtMs(pace, POSTS, 2)).toBe(1_000)
  })
})
