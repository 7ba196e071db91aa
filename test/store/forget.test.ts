import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveQuiet } from '../../src/incidents/resolve-quiet.ts'
import { openStore } from '../../src/store/open-store.ts'
import { NOW_MS, QUIET_MS } from '../incidents/a-context.ts'
import { aHit } from '../incidents/a-hit.ts'
import { FakeClock } from '../lib/fake-clock.ts'
import { aRemediation } from '../remediation/a-remediation.ts'
import { record } from './record.ts'

const DAY = 86_400_000
const hidden = aHit({ user: 'secretuser', rip: '203.0.113.77', session: 'sess10n', limit: 10 })

describe('forgetting', () => {
  it('takes names and addresses away, from the files too, and keeps counts, ids and decisions', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'maillimit-forget-'))
    const clock = new FakeClock(NOW_MS)
    const store = openStore(join(folder, 'state.db'), { clock })
    const { incidents } = await record(store, [hidden, { ...hidden, session: undefined }])
    const incident = incidents[0]!.incident
    await store.propose(aRemediation({ incidentId: incident.id, client: '203.0.113.77' }), {
      intents: [],
      audit: [],
    })
    await store.audit({
      atMs: NOW_MS,
      actor: 'U1',
      event: 'approved',
      subjectId: 'rem-00000001',
      host: 'mx1',
      detail: { user: 'secretuser', ip: '203.0.113.77', newValue: 20 },
    })
    const act = resolveQuiet(incident, NOW_MS + QUIET_MS, QUIET_MS, 'C1')
    if (act.kind !== 'changed') throw new Error('not resolved')
    await store.advanceIncident(incident.revision, act.incident, { intents: act.intents, audit: [] })
    await record(store, [aHit({ user: 'younguser', loggedAtMs: NOW_MS + 90 * DAY })], {
      nowMs: NOW_MS + 90 * DAY,
    })

    await clock.advance(90 * DAY + QUIET_MS)
    expect(filesIn(folder)).toContain('secretuser')
    expect(await store.forget(clock.now() - 90 * DAY)).toEqual({ hits: 2, incidents: 1 })

    expect(await store.incident(incident.id)).toMatchObject({
      id: incident.id,
      host: 'mx1',
      service: 'imap',
      user: '',
      client: '',
      state: 'resolved',
      hits: 2,
      addresses: [],
      recentHitsAtMs: incident.recentHitsAtMs,
      lastHit: { user: '', raw: '' },
    })
    expect(await store.remediation('rem-00000001')).toMatchObject({ client: undefined, state: 'proposed' })
    expect((await store.auditAfter(0, 10)).find(({ event }) => event === 'approved')?.detail).toEqual({
      newValue: 20,
    })
    expect(await store.openIncidents()).toMatchObject([{ user: 'younguser', hits: 1 }])
    expect(filesIn(folder)).not.toContain('secretuser')
    expect(filesIn(folder)).not.toContain('203.0.113.77')
    expect(filesIn(folder)).not.toContain('sess10n')
    expect(filesIn(folder)).toContain('younguser')
    store.close()
    rmSync(folder, { recursive: true })
  })

  it('lets go of single hits after a week, of a flood in small steps, and keeps their counts', async () => {
    const clock = new FakeClock(NOW_MS)
    const store = openStore(':memory:', { clock })
    await record(
      store,
      Array.from({ length: 5_000 }, () => aHit()),
    )
    await clock.advance(7 * DAY + 1)
    expect(await store.forget(clock.now() - 90 * DAY)).toEqual({ hits: 5_000, incidents: 0 })
    expect(await store.hitsByLimit('mx1', 'imap', 0)).toEqual([])
    expect(await store.openIncidents()).toMatchObject([{ hits: 5_000, user: 'taro@example.com' }])
    store.close()
  })

  it('removes what is over: notices with their messages, finished clicks; never what is open or unsent', async () => {
    const clock = new FakeClock(NOW_MS)
    const store = openStore(':memory:', { clock })
    const over = (await store.openNotice({ host: 'mx1', code: 'unreachable', text: 'a' }, 'C1')).notice
    const key = `notice:mx1:unreachable:${over.id}`
    await store.endNotice('mx1', 'unreachable')
    const open = (await store.openNotice({ host: 'mx1', code: 'gap', text: 'b' }, 'C1')).notice
    await clock.advance(91 * DAY)
    await store.forget(clock.now() - 90 * DAY)
    expect((await store.notice(over.id))?.state).toBe('over')
    await store.begin(key, 'd1', clock.now())
    await store.settle(key, { kind: 'sent', messageId: 'ts1', revision: 99, atMs: clock.now() })
    await store.forget(clock.now() - 90 * DAY)
    expect(await store.notice(over.id)).toBeUndefined()
    expect((await store.notice(open.id))?.state).toBe('open')
    expect((await store.unsent('C1')).map((row) => row.subjectId)).toEqual([open.id])
    store.close()
  })
})

function filesIn(folder: string): string {
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'latin1'))
    .join('\n')
}
