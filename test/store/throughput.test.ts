import { describe, expect, it } from 'vitest'
import { aHit } from '../incidents/a-hit.ts'
import { FakeClock } from '../lib/fake-clock.ts'
import { fileStore } from './a-store.ts'
import { record } from './record.ts'
import { NOW_MS } from '../incidents/a-context.ts'

const HITS = 100_000
const USERS = 1_000
const BATCH = 2_000

describe('the store under a flood', () => {
  it('keeps 100,000 hits of 1,000 users exactly', {
    timeout: 60_000,
  }, async () => {
    using opened = fileStore(new FakeClock())
    const { store } = opened
    const startedMs = performance.now()
    for (let line = 0; line < HITS; line += BATCH) {
      const nowMs = NOW_MS + line / 10
      const hits = Array.from({ length: BATCH }, (_, index) =>
        aHit({
          user: `user${(line + index) % USERS}@example.com`,
          session: `s${line + index}`,
          loggedAtMs: nowMs,
        }),
      )
      await record(store, hits, { nowMs })
    }
    const tookMs = performance.now() - startedMs
    console.log(`stored ${Math.round((HITS / tookMs) * 1_000)} hits/s, ${BATCH} a batch`)
    const incidents = await store.openIncidents()
    expect(incidents).toHaveLength(USERS)
    expect(incidents.every(({ hits }) => hits === HITS / USERS)).toBe(true)
    const rows = await store.unsent('C1')
    expect(rows.filter(({ kind }) => kind === 'alert')).toHaveLength(20)
    expect((await store.openNotices())[0]?.text).toContain('980 more users or addresses (98000 hits)')
  })
})
