import { describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/diagnosis/diagnosis.ts'
import { snooze } from '../../src/incidents/handle.ts'
import type { Advice, Incident } from '../../src/incidents/incident.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { NOW_MS, QUIET_MS } from '../incidents/a-context.ts'
import { aHit } from '../incidents/a-hit.ts'
import { FakeClock } from '../lib/fake-clock.ts'
import type { OpenedStore } from '../store/a-store.ts'
import { aCursor, record } from '../store/record.ts'

/** What every store of hits and incidents does, whatever it is made of. */
export function hitsContract(name: string, open: (clock: Clock) => OpenedStore): void {
  describe(`hits and incidents in ${name}`, () => {
    it('keep hits, cursor, incident and what is to be said together', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      expect(await store.cursor('mx1')).toBeUndefined()
      const recorded = await record(store, [aHit(), aHit()])
      expect(recorded).toMatchObject({ stored: 2, repeated: 0 })
      expect([...recorded.reasons]).toEqual([
        ['first-hit', 1],
        ['more-hits', 1],
      ])
      expect(await store.cursor('mx1')).toMatchObject({ kind: 'file', path: '/var/log/maillog' })
      const [incident] = await store.openIncidents()
      expect(incident).toEqual(recorded.incidents[0]?.incident)
      expect(incident).toMatchObject({ hits: 2, revision: 2 })
      expect(await store.unsent('C1')).toMatchObject([
        { messageKey: `alert:${incident?.id}`, kind: 'alert', state: 'pending', revision: 2, relaxed: false },
      ])
    })

    it('count an event once, however often it comes', async () => {
      using opened = open(new FakeClock())
      const same = { eventId: 'e1', hit: aHit() }
      await record(opened.store, [same, same])
      expect(await record(opened.store, [same])).toMatchObject({ stored: 0, repeated: 1, incidents: [] })
      expect((await opened.store.openIncidents())[0]?.hits).toBe(1)
      expect((await opened.store.unsent('C1'))[0]?.revision).toBe(1)
    })

    it('count a login session once, when rsyslog writes its line again', async () => {
      using opened = open(new FakeClock())
      const hit = aHit({ session: 'p3XbmR9J2K/AAAAB' })
      expect(await record(opened.store, [hit, hit])).toMatchObject({ stored: 1, repeated: 1 })
      expect(await record(opened.store, [hit], {}, 'mx2')).toMatchObject({ stored: 1 })
    })

    it('store nothing at all when the decision throws', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const broken = () => {
        throw new Error('no decision')
      }
      const observed = [{ eventId: 'e1', hit: aHit() }]
      const setting = { nowMs: NOW_MS, lane: 'C1', quietAfterMs: 1, clockOffsetMs: 0, newId: () => 'x' }
      await expect(store.recordHits('mx1', aCursor(9), observed, broken, setting)).rejects.toThrow(
        'no decision',
      )
      expect(await store.cursor('mx1')).toBeUndefined()
      expect(await record(store, observed)).toMatchObject({ stored: 1 })
    })

    it('tell hosts, services, users and clients apart', async () => {
      using opened = open(new FakeClock())
      await record(opened.store, [
        aHit(),
        aHit({ service: 'pop3' }),
        aHit({ user: 'Taro@example.com' }),
        aHit({ rip: '192.0.2.8' }),
      ])
      await record(opened.store, [aHit()], {}, 'mx2')
      expect(await opened.store.openIncidents()).toHaveLength(5)
      expect(await opened.store.openIncidents({ host: 'mx2' })).toHaveLength(1)
      expect(await opened.store.openIncidents({ user: 'taro@example.com', host: 'mx1' })).toHaveLength(3)
    })

    it('end an incident that was quiet and open the next one in the same batch', async () => {
      using opened = open(new FakeClock())
      const quietAfterMs = 5 * 60_000
      const earlyMs = NOW_MS - 10 * 60_000
      await record(opened.store, [aHit({ loggedAtMs: earlyMs })], { quietAfterMs, nowMs: earlyMs })
      const { incidents } = await record(opened.store, [aHit({ loggedAtMs: NOW_MS })], { quietAfterMs })
      expect(incidents.map(({ incident }) => incident.state)).toEqual(['resolved', 'open'])
      expect(await opened.store.openIncidents()).toMatchObject([{ hits: 1, lastHitAtMs: NOW_MS }])
      const events = (await opened.store.auditAfter(0, 10)).map((entry) => entry.event)
      expect(events).toEqual(['opened', 'resolved', 'opened'])
    })

    it('fold the twenty-first user of a minute into a storm, across batches', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const users = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, index) => aHit({ user: `user${from + index}` }))
      await record(store, users(0, 15))
      const { reasons } = await record(store, users(15, 40), { nowMs: NOW_MS + 10_000 })
      expect([...reasons]).toEqual([
        ['first-hit', 5],
        ['storm', 20],
      ])
      expect(await store.openIncidents()).toHaveLength(40)
      const rows = await store.unsent('C1')
      expect(rows.filter((row) => row.kind === 'alert')).toHaveLength(20)
      const [notice] = rows.filter((row) => row.kind === 'notice')
      expect(await store.notice(notice?.subjectId ?? '')).toMatchObject({
        host: 'mx1',
        code: 'storm',
        state: 'open',
      })
      expect((await store.openNotices())[0]?.text).toContain('20 more users or addresses (20 hits)')
    })

    it('collect hits that were old on arrival, for one message', async () => {
      using opened = open(new FakeClock())
      const old = (user: string) => aHit({ user, loggedAtMs: NOW_MS - 3_600_000 })
      await record(opened.store, [old('hana'), old('hana'), old('taro')])
      await record(opened.store, [old('taro'), old('hana')])
      expect(await opened.store.openIncidents()).toEqual([])
      const [row] = await opened.store.unsent('C1')
      expect(row?.kind).toBe('away')
      expect(await opened.store.away(row?.subjectId ?? '')).toMatchObject({
        host: 'mx1',
        hits: 5,
        users: [
          { user: 'hana', hits: 3 },
          { user: 'taro', hits: 2 },
        ],
      })
    })

    it('answer how often who was refused where', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      await record(store, [aHit(), aHit({ limit: 20 }), aHit({ limit: undefined }), aHit({ user: 'hana' })])
      await record(store, [aHit({ service: 'pop3' })], { nowMs: NOW_MS + 1_000 })
      expect(await store.hitsByLimit('mx1', 'imap', NOW_MS)).toEqual([
        { limit: undefined, hits: 1 },
        { limit: 10, hits: 2 },
        { limit: 20, hits: 1 },
      ])
      expect(await store.hitsByLimit('mx1', 'imap', NOW_MS + 1)).toEqual([])
      expect(await store.hitsByLimit('mx1', 'imap', NOW_MS, NOW_MS)).toEqual([])
      expect(await store.otherUsersRefused('mx1', '192.0.2.7', 'taro@example.com', NOW_MS)).toBe(1)
      expect(await store.hitsOfUser('taro@example.com', NOW_MS)).toEqual([
        { host: 'mx1', service: 'pop3', client: '192.0.2.7', hits: 1, lastAtMs: NOW_MS + 1_000 },
        { host: 'mx1', service: 'imap', client: '192.0.2.7', hits: 3, lastAtMs: NOW_MS },
      ])
      const [incident] = await store.openIncidents({ user: 'hana' })
      expect(await store.refusals(incident?.id ?? '', 10)).toEqual([{ atMs: NOW_MS, limit: 10 }])
      const hana = { host: 'mx1', service: 'imap', user: 'hana', client: '192.0.2.7' }
      expect(await store.wasRefused(hana, NOW_MS, NOW_MS + 1)).toBe(true)
      expect(await store.wasRefused(hana, NOW_MS, NOW_MS)).toBe(false)
      expect(await store.wasRefused({ ...hana, service: 'pop3' }, NOW_MS, NOW_MS + 1)).toBe(false)
      expect(await store.wasRefused({ ...hana, client: '192.0.2.8' }, NOW_MS, NOW_MS + 1)).toBe(false)
    })

    it('change an incident only as it was seen', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      await record(store, [aHit()])
      const seen = (await store.openIncidents())[0] as Incident
      await record(store, [aHit()])
      const late = snooze(seen, 'U1', NOW_MS + 60_000, 'C1')
      if (late.kind !== 'changed') throw new Error('not snoozed')
      const effects = { intents: late.intents, audit: [] }
      expect(await store.advanceIncident(seen.revision, late.incident, effects)).toBe('changed')
      const now = (await store.incident(seen.id)) as Incident
      const act = snooze(now, 'U1', NOW_MS + 60_000, 'C1')
      if (act.kind !== 'changed') throw new Error('not snoozed')
      expect(
        await store.advanceIncident(now.revision, act.incident, { intents: act.intents, audit: [] }),
      ).toBe('done')
      expect(await store.incident(seen.id)).toMatchObject({ state: 'snoozed', hits: 2 })
    })

    it('put advice beside an open incident and its alert on the outbox', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      const { incidents } = await record(store, [aHit()])
      const id = incidents[0]?.incident.id ?? ''
      const [before] = await store.unsent('C1')
      expect(await store.saveAdvice(id, ADVICE, 'C1')).toBe('done')
      expect((await store.incident(id))?.advice).toEqual(ADVICE)
      expect((await store.unsent('C1'))[0]?.revision).toBe((before?.revision ?? 0) + 1)
      expect(await store.saveAdvice('nobody', ADVICE, 'C1')).toBe('absent')
    })

    it('name the next instant at which something is due, and what', async () => {
      using opened = open(new FakeClock())
      const { store } = opened
      expect(await store.nextDue(QUIET_MS)).toBeUndefined()
      await record(store, [aHit()])
      expect(await store.nextDue(QUIET_MS)).toBe(NOW_MS + QUIET_MS)
      expect((await store.due(NOW_MS + QUIET_MS - 1, QUIET_MS)).incidents).toEqual([])
      expect((await store.due(NOW_MS + QUIET_MS, QUIET_MS)).incidents).toHaveLength(1)
      const seen = (await store.openIncidents())[0] as Incident
      const act = snooze(seen, 'U1', NOW_MS + 60_000, 'C1')
      if (act.kind !== 'changed') throw new Error('not snoozed')
      await store.advanceIncident(seen.revision, act.incident, { intents: act.intents, audit: [] })
      expect(await store.nextDue(QUIET_MS)).toBe(NOW_MS + 60_000)
      expect((await store.due(NOW_MS + 60_000, QUIET_MS)).incidents).toMatchObject([{ state: 'snoozed' }])
    })
  })
}

const DIAGNOSIS: Diagnosis = {
  kind: 'many-devices',
  summary: 'Twelve connections from one address.',
  evidence: [],
  recommend: 'raise',
  suggestedValue: 20,
  why: 'Twelve connections and some room.',
  advice: [],
}

const ADVICE: Advice = {
  atMs: NOW_MS,
  diagnosis: DIAGNOSIS,
  connections: [{ service: 'imap', ip: '192.0.2.7', count: 10 }],
  limit: 10,
  limitWhere: { file: '/etc/dovecot/conf.d/20-imap.conf', line: 96 },
  remediationId: 'rem-00000001',
  noPlan: undefined,
}
