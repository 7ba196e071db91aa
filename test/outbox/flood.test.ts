import { describe, expect, it } from 'vitest'
import { fold } from '../../src/incidents/fold.ts'
import { newId } from '../../src/lib/new-id.ts'
import { aHit } from '../incidents/a-hit.ts'
import { aCursor } from '../store/record.ts'
import { AnOutbox } from './an-outbox.ts'

const USERS = 1_000
const SECONDS = 10

describe('a flood of 1,000 users in 10 s', () => {
  it('stays within what the channel takes, and every message is current soon after', {
    timeout: 30_000,
  }, async () => {
    await using outbox = new AnOutbox()
    const { store, clock, channel } = outbox
    const beganAtMs = clock.now()
    for (let tick = 0; tick < SECONDS * 10; tick++) {
      const hits = Array.from({ length: 200 }, (_, index) => {
        const line = tick * 200 + index
        return { eventId: `line${line}`, hit: aHit({ user: `user${line % USERS}`, loggedAtMs: clock.now() }) }
      })
      const setting = { nowMs: clock.now(), lane: 'C1', quietAfterMs: 1_800_000, clockOffsetMs: 0, newId }
      await store.recordHits('mx1', aCursor(tick), hits, fold, setting)
      outbox.running.wake()
      await clock.advance(100)
    }
    await clock.advance(30_000)
    const posts = channel.calls.filter(({ kind }) => kind === 'post')
    const edits = channel.calls.filter(({ kind }) => kind === 'edit')
    expect(posts).toHaveLength(21)
    for (const [index, { atMs }] of posts.entries()) {
      expect(atMs - beganAtMs).toBeGreaterThanOrEqual(Math.max(0, index - 3) * 1_000)
    }
    expect(edits.length).toBeLessThanOrEqual(10 + (SECONDS + 30) / 1.2)
    const { counts, oldestUnsentAtMs } = await store.figures()
    expect({ counts, oldestUnsentAtMs }).toMatchObject({
      counts: { sent: 21, pending: 0, ambiguous: 0, failed: 0 },
      oldestUnsentAtMs: undefined,
    })
    expect((await store.openIncidents()).reduce((sum, { hits }) => sum + hits, 0)).toBe(20_000)
  })
})
