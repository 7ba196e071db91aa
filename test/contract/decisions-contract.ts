import { describe, expect, it } from 'vitest'
import { resolved } from '../../src/incidents/resolve-quiet.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Click } from '../../src/remediation/click.ts'
import { next, type RemediationEvent } from '../../src/remediation/reducer.ts'
import type { Remediation } from '../../src/remediation/remediation.ts'
import type { Store } from '../../src/store/store.ts'
import { NOW_MS } from '../incidents/a-context.ts'
import { aHit } from '../incidents/a-hit.ts'
import { FakeClock } from '../lib/fake-clock.ts'
import { aRemediation } from '../remediation/a-remediation.ts'
import type { OpenedStore } from '../store/a-store.ts'
import { aCursor, record } from '../store/record.ts'

/** What every store of decisions does, whatever it is made of. */
export function decisionsContract(name: string, open: (clock: Clock) => OpenedStore): void {
  describe(`decisions in ${name}`, () => {
    it('give a remediation back as it was stored, records and all', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const proposed = aRemediation()
      await store.propose(proposed, alertOf(proposed))
      expect(await store.remediation(proposed.id)).toEqual(proposed)
      const applied = await follow(store, proposed, APPROVED, BEGUN, step('lock'), step('backup'))
      expect(await store.remediation(proposed.id)).toEqual(applied)
      expect(applied.records.map((each) => 'name' in each && each.name)).toEqual(['lock', 'backup'])
      expect(await store.unfinished()).toEqual([applied])
      expect(await store.remediation('nobody')).toBeUndefined()
    })

    it('let one of two decisions win', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const proposed = aRemediation()
      await store.propose(proposed, alertOf(proposed))
      const [approved, rejected] = [after(proposed, APPROVED), after(proposed, REJECTED)]
      const answers = await Promise.all([
        store.advance(proposed.revision, approved, alertOf(approved)),
        store.advance(proposed.revision, rejected, alertOf(rejected)),
      ])
      expect(answers).toEqual(['done', 'changed'])
      expect((await store.remediation(proposed.id))?.state).toBe('approved')
    })

    it('supersede the other proposals of an incident, and none of another', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const [first, other] = [aRemediation(), aRemediation({ id: 'rem-00000009', incidentId: 'inc9' })]
      const second = aRemediation({ id: 'rem-00000002', proposedAtMs: 2_000 })
      for (const each of [first, other, second]) await store.propose(each, alertOf(each))
      const states = (await store.remediationsOf('inc1')).map(({ id, state }) => [id, state])
      expect(states).toEqual([
        ['rem-00000002', 'proposed'],
        ['rem-00000001', 'superseded'],
      ])
      expect((await store.remediation(other.id))?.state).toBe('proposed')
      expect((await store.remediation(first.id))?.revision).toBe(2)
      expect(await store.auditAfter(0, 10)).toMatchObject([{ event: 'superseded', subjectId: first.id }])
    })

    it('know the newest proven change of a host and service', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      expect(await store.lastChange('mx1', 'imap')).toBeUndefined()
      const raise = aRemediation()
      await store.propose(raise, alertOf(raise))
      await follow(store, raise, APPROVED, BEGUN)
      expect(await store.lastChange('mx1', 'imap')).toBeUndefined()
      await follow(store, (await store.remediation(raise.id)) as Remediation, APPLIED)
      expect(await store.lastChange('mx1', 'imap')).toEqual({
        remediationId: raise.id,
        oldValue: 10,
        newValue: 20,
        atMs: NOW_MS,
      })
      expect(await store.lastChange('mx1', 'pop3')).toBeUndefined()
      // An incident that is folded from now on knows it.
      const { incidents } = await record(store, [aHit({ limit: 20 })])
      expect(incidents[0]?.incident).toMatchObject({ change: { remediationId: raise.id }, hitsAtNewValue: 1 })
    })

    it('have the messages of a change sent anew when a later one took its place, once, but not old ones', async () => {
      const clock = new FakeClock(NOW_MS)
      using opened = open(clock)
      const { store } = opened
      const first = aRemediation({ incidentId: undefined })
      const later = aRemediation({ id: 'rem-00000002', incidentId: undefined })
      for (const each of [first, later]) await store.propose(each, alertOf(each))
      const revision = async (id: string) =>
        (await store.unsent('C1')).find(({ messageKey }) => messageKey === `request:${id}`)?.revision ?? 0
      const proven = await follow(store, first, APPROVED, BEGUN, APPLIED)
      const before = await revision(first.id)
      const applied = await follow(store, later, APPROVED, BEGUN, APPLIED_LATER)
      expect(await revision(first.id)).toBe(before + 1)
      await follow(store, applied, { kind: 'watched', verification: proven.verification! })
      expect(await revision(first.id)).toBe(before + 1)

      const { incidents } = await record(store, [aHit({ limit: 20 })])
      const { incident } = incidents[0]!
      const ofAlert = aRemediation({ id: 'rem-00000003', incidentId: incident.id, service: 'pop3' })
      const last = aRemediation({ id: 'rem-00000004', incidentId: undefined, service: 'pop3' })
      for (const each of [ofAlert, last]) await store.propose(each, alertOf(each))
      await follow(store, ofAlert, APPROVED, BEGUN, APPLIED)
      const over = resolved(incident, NOW_MS)
      await store.advanceIncident(incident.revision, over, { intents: [], audit: [] })
      await store.forget(NOW_MS + 1)
      const alert = async () =>
        (await store.unsent('C1')).find(({ messageKey }) => messageKey === `alert:${incident.id}`)?.revision
      const forgotten = await alert()
      await follow(store, last, APPROVED, BEGUN, APPLIED_LATER)
      expect(await alert()).toBe(forgotten)

      await clock.advance(8 * 86_400_000)
      const latest = aRemediation({ id: 'rem-00000005', incidentId: undefined })
      await store.propose(latest, alertOf(latest))
      const aged = await revision(later.id)
      await follow(store, latest, APPROVED, BEGUN, { ...APPLIED, atMs: clock.now() })
      expect(await revision(later.id)).toBe(aged)
    })

    it('list what was decided, by user and host, newest first', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const { incidents } = await record(store, [aHit()])
      const incidentId = incidents[0]?.incident.id
      const one = aRemediation({ incidentId })
      const two = aRemediation({
        id: 'rem-00000002',
        host: 'mx2',
        incidentId: undefined,
        proposedAtMs: 2_000,
      })
      const open3 = aRemediation({ id: 'rem-00000003', incidentId: undefined, proposedAtMs: 3_000 })
      for (const each of [one, two, open3]) await store.propose(each, alertOf(each))
      await follow(store, one, APPROVED)
      await follow(store, two, REJECTED)
      const ids = async (filter: { user?: string; host?: string }) =>
        (await store.history({ ...filter, limit: 10 })).map(({ id }) => id)
      expect(await ids({})).toEqual([two.id, one.id])
      expect(await ids({ user: 'taro@example.com' })).toEqual([one.id])
      expect(await ids({ host: 'mx2' })).toEqual([two.id])
      expect(await store.history({ limit: 1 })).toHaveLength(1)
    })

    it('name expiry and the end of a watch as due', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const proposed = aRemediation({ expiresAtMs: NOW_MS + 5_000 })
      await store.propose(proposed, alertOf(proposed))
      expect(await store.nextDue(1)).toBe(NOW_MS + 5_000)
      expect((await store.due(NOW_MS + 5_000, 1)).proposals).toMatchObject([{ id: proposed.id }])
      await follow(store, proposed, APPROVED, BEGUN, APPLIED)
      expect(await store.nextDue(1)).toBe(NOW_MS + 600_000)
      const due = await store.due(NOW_MS + 600_000, 1)
      expect(due).toMatchObject({ proposals: [], verifications: [{ id: proposed.id, state: 'verifying' }] })
    })

    it('take a click once, and give back those that were not acted upon', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      expect(await store.recordClick(aClick('k1', 2))).toBe('new')
      expect(await store.recordClick(aClick('k1', 3))).toBe('repeated')
      expect(await store.recordClick(aClick('k2', 1))).toBe('new')
      expect(await store.unfinishedClicks()).toEqual([aClick('k2', 1), aClick('k1', 2)])
      await store.finishClick('k2', 'done')
      expect(await store.unfinishedClicks()).toEqual([aClick('k1', 2)])
      expect(await store.recordClick(aClick('k2', 1))).toBe('repeated')
    })

    it('keep one open notice a host and code, and say only what is new', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const news = { host: 'mx1', code: 'unreachable', text: 'mx1 does not answer.', hint: 'Look at it.' }
      const { notice, fresh } = await store.openNotice(news, 'C1')
      expect({ fresh, notice }).toMatchObject({
        fresh: true,
        notice: { ...news, state: 'open', sinceMs: NOW_MS },
      })
      expect(await store.openNotice(news, 'C1')).toEqual({ notice, fresh: false })
      const again = await store.openNotice({ ...news, text: 'mx1 refuses the key.' }, 'C1')
      expect(again).toMatchObject({ fresh: false, notice: { id: notice.id, revision: 2 } })
      expect(await store.unsent('C1')).toMatchObject([
        { messageKey: `notice:mx1:unreachable:${notice.id}`, kind: 'notice', revision: 2 },
      ])
      expect(await store.endNotice('mx1', 'unreachable')).toMatchObject({ state: 'over', untilMs: NOW_MS })
      expect(await store.endNotice('mx1', 'unreachable')).toBeUndefined()
      expect((await store.openNotice(news, 'C1')).notice.id).not.toBe(notice.id)
    })

    it('store a gap with the position behind it', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const news = { host: 'mx1', code: 'gap', text: 'Lines are gone.', endsAtMs: NOW_MS + 1_000 }
      await store.recordGap('mx1', aCursor(77), news, 'C1')
      expect(await store.cursor('mx1')).toEqual(aCursor(77))
      expect(await store.openNotices()).toMatchObject([{ code: 'gap' }])
      expect(await store.nextDue(1)).toBe(NOW_MS + 1_000)
      expect((await store.due(NOW_MS + 1_000, 1)).notices).toMatchObject([{ code: 'gap' }])
    })
  })
}

const APPROVED: RemediationEvent = { kind: 'approved', by: 'U1', atMs: NOW_MS }
const REJECTED: RemediationEvent = { kind: 'rejected', by: 'U2', atMs: NOW_MS }
const BEGUN: RemediationEvent = { kind: 'begun', atMs: NOW_MS }
const APPLIED = {
  kind: 'ended',
  end: { kind: 'applied' },
  atMs: NOW_MS,
  verifyForMs: 600_000,
} as const
const APPLIED_LATER: RemediationEvent = { ...APPLIED, atMs: NOW_MS + 1 }

function step(name: string): RemediationEvent {
  return { kind: 'recorded', record: { kind: 'step', name, state: 'ok', atMs: NOW_MS, detail: '' } }
}

function after(remediation: Remediation, event: RemediationEvent): Remediation {
  const transition = next(remediation, event)
  if (transition.kind === 'refused') throw new Error(`${event.kind} does not fit ${transition.state}`)
  return transition.remediation
}

async function follow(store: Store, from: Remediation, ...events: RemediationEvent[]): Promise<Remediation> {
  let current = from
  for (const event of events) {
    const then = after(current, event)
    expect(await store.advance(current.revision, then, alertOf(then))).toBe('done')
    current = then
  }
  return current
}

function alertOf({ incidentId, id, revision }: Remediation) {
  const subjectId = incidentId ?? id
  const kind = incidentId === undefined ? ('request' as const) : ('alert' as const)
  const intent = {
    lane: 'C1',
    messageKey: `${kind}:${subjectId}`,
    kind,
    subjectId,
    revision,
    threadOf: undefined,
  }
  return { intents: [intent], audit: [] }
}

function aClick(key: string, atMs: number): Click {
  const command = { kind: 'approve', remediationId: 'rem-00000001' } as const
  return { key, by: 'U1', teamId: 'T1', atMs, command, channel: 'C1', threadTs: undefined }
}
