import { describe, expect, it } from 'vitest'
import { type Decision, fold } from '../../src/incidents/fold.ts'
import { dismiss, snooze } from '../../src/incidents/handle.ts'
import type { Incident } from '../../src/incidents/incident.ts'
import { aContext, NOW_MS, QUIET_MS } from './a-context.ts'
import { aHit } from './a-hit.ts'

const MINUTE = 60_000

describe('fold', () => {
  it('opens an incident at the first hit and alerts at once', () => {
    const { reason, incident, intents } = fold(undefined, aHit(), aContext())
    expect(reason).toBe('first-hit')
    expect(incident).toMatchObject({
      host: 'mx1',
      service: 'imap',
      user: 'taro@example.com',
      client: '192.0.2.7',
      state: 'open',
      hits: 1,
      limit: 10,
      alertedAtMs: NOW_MS,
      revision: 1,
    })
    expect(intents).toEqual([
      {
        lane: 'C1',
        messageKey: `alert:${incident?.id}`,
        kind: 'alert',
        subjectId: incident?.id,
        revision: 1,
        threadOf: undefined,
      },
    ])
  })

  it('counts more hits, and edits the same alert without hurry', () => {
    const first = opened()
    const later = aHit({ loggedAtMs: NOW_MS + 5_000, session: 's2' })
    const { reason, incident, intents } = fold(first, later, aContext({ nowMs: NOW_MS + 5_100 }))
    expect(reason).toBe('more-hits')
    expect(incident).toMatchObject({ id: first.id, hits: 2, lastHitAtMs: NOW_MS + 5_000, revision: 2 })
    expect(incident?.lastHit.session).toBe('s2')
    expect(intents).toMatchObject([{ messageKey: `alert:${first.id}`, revision: 2, relaxed: true }])
  })

  it('takes the machines of one IPv6 network for one client, and shows each address', () => {
    const first = opened(aHit({ rip: '2001:db8:1:2::5' }))
    expect(first.client).toBe('2001:db8:1:2::/64')
    const { incident } = fold(first, aHit({ rip: '2001:db8:1:2:aaaa::9' }), aContext())
    expect(incident?.addresses).toEqual(['2001:db8:1:2::5', '2001:db8:1:2:aaaa::9'])
  })

  it('gives a hit without an address the client "-"', () => {
    expect(opened(aHit({ rip: undefined })).client).toBe('-')
    expect(opened(aHit({ rip: 'localhost' })).client).toBe('-')
  })

  it('keeps the newest hit when lines come out of order', () => {
    const first = opened(aHit({ loggedAtMs: NOW_MS, session: 'newer' }))
    const { incident } = fold(first, aHit({ loggedAtMs: NOW_MS - 60_000, session: 'older' }), aContext())
    expect(incident?.lastHit.session).toBe('newer')
    expect(incident).toMatchObject({ firstHitAtMs: NOW_MS - 60_000, lastHitAtMs: NOW_MS, hits: 2 })
    expect(incident?.recentHitsAtMs).toEqual([NOW_MS - 60_000, NOW_MS])
  })

  it('remembers the newest 200 instants and 20 addresses, and counts everything', () => {
    let incident = opened(aHit({ rip: '2001:db8::1', loggedAtMs: NOW_MS }))
    for (let number = 2; number <= 300; number++) {
      const hit = aHit({ rip: `2001:db8::${number}`, loggedAtMs: NOW_MS + number })
      incident = must(fold(incident, hit, aContext({ nowMs: NOW_MS + 1_000 })))
    }
    expect(incident.hits).toBe(300)
    expect(incident.recentHitsAtMs).toHaveLength(200)
    expect(incident.recentHitsAtMs.at(-1)).toBe(NOW_MS + 300)
    expect(incident.addresses).toHaveLength(20)
    expect(incident.addresses.at(-1)).toBe('2001:db8::300')
  })

  it('reads the time of a line by the host’s clock, and never believes in the future', () => {
    const ahead = opened(aHit({ loggedAtMs: NOW_MS + 70_000 }), { clockOffsetMs: 90_000 })
    expect(ahead.lastHitAtMs).toBe(NOW_MS - 20_000)
    expect(opened(aHit({ loggedAtMs: NOW_MS + 70_000 })).lastHitAtMs).toBe(NOW_MS)
  })

  it('keeps old hits out of incidents and adds them to one message for the host', () => {
    const old = aHit({ loggedAtMs: NOW_MS - 15 * MINUTE - 1 })
    const first = fold(undefined, old, aContext())
    expect(first).toMatchObject({ reason: 'too-old', incident: undefined, away: { hits: 1, revision: 1 } })
    expect(first.intents).toMatchObject([{ kind: 'away', messageKey: `away:mx1:${first.away?.id}` }])
    const second = fold(undefined, old, aContext({ away: first.away }))
    expect(second.away).toMatchObject({ id: first.away?.id, hits: 2, revision: 2 })
    const nextOutage = fold(
      undefined,
      old,
      aContext({ away: { ...second.away!, lastArrivalAtMs: NOW_MS - 11 * MINUTE } }),
    )
    expect(nextOutage.away?.id).not.toBe(first.away?.id)
    expect(fold(undefined, aHit({ loggedAtMs: NOW_MS - 15 * MINUTE }), aContext()).reason).toBe('first-hit')
  })

  it('opens no incident for a late hit that would be over at once', () => {
    const late = (agoMs: number) =>
      fold(undefined, aHit({ loggedAtMs: NOW_MS - agoMs }), aContext({ quietAfterMs: 5 * MINUTE })).reason
    expect(late(5 * MINUTE - 1)).toBe('first-hit')
    expect(late(5 * MINUTE)).toBe('too-old')
  })

  it('starts a new incident when a hit comes after the quiet time, and ends the former one', () => {
    const former = opened()
    const nowMs = NOW_MS + QUIET_MS
    const { reason, resolved, incident, intents } = fold(former, aHit(), aContext({ nowMs }))
    expect(reason).toBe('first-hit')
    expect(resolved).toMatchObject({ id: former.id, state: 'resolved', resolvedAtMs: nowMs, hits: 1 })
    expect(incident).toMatchObject({ state: 'open', hits: 1 })
    expect(intents.map((intent) => intent.subjectId)).toEqual([former.id, incident?.id])
  })

  it.each(['snoozed', 'dismissed'] as const)('counts the hits of a %s incident and says nothing', (state) => {
    const handled =
      state === 'snoozed' ? snooze(opened(), 'U1', NOW_MS + MINUTE, 'C1') : dismiss(opened(), 'U1', 'C1')
    if (handled.kind !== 'changed') throw new Error('not handled')
    const { reason, incident, intents } = fold(handled.incident, aHit(), aContext())
    expect(reason).toBe(state)
    expect(incident).toMatchObject({ hits: 2, state })
    expect(intents).toEqual([])
  })
})

describe('fold after a change from 10 to 20', () => {
  const lastChange = { remediationId: 'rem1', oldValue: 10, newValue: 20, atMs: NOW_MS }
  const after = (afterMs: number) => aContext({ lastChange, nowMs: NOW_MS + afterMs })

  it('takes a hit at the old value for a connection from before the reload', () => {
    const none = fold(undefined, aHit({ limit: 10 }), after(60_000))
    expect(none).toMatchObject({ reason: 'hit-at-old-value', incident: undefined, intents: [] })
    const counted = fold(opened(), aHit({ limit: 10 }), after(60_000))
    expect(counted).toMatchObject({ reason: 'hit-at-old-value', incident: { hits: 2, hitsAtNewValue: 0 } })
  })

  it('takes it for a new hit when 3 minutes have passed', () => {
    expect(fold(undefined, aHit({ limit: 10 }), after(180_000)).reason).toBe('hit-at-old-value')
    expect(fold(undefined, aHit({ limit: 10 }), after(180_001)).reason).toBe('first-hit')
  })

  it('says at once that the new value is reached too', () => {
    const { reason, incident, intents } = fold(opened(), aHit({ limit: 20 }), after(1_000))
    expect(reason).toBe('hit-after-change')
    expect(incident).toMatchObject({ limit: 20, hitsAtNewValue: 1, change: lastChange })
    expect(intents).toMatchObject([{ kind: 'alert' }])
    expect(intents[0]?.relaxed).toBeUndefined()
    const again = fold(incident, aHit({ limit: 20 }), after(2_000))
    expect(again).toMatchObject({
      reason: 'more-hits',
      incident: { hitsAtNewValue: 2 },
      intents: [{ relaxed: true }],
    })
  })

  it('makes no news of a change from before the incident began', () => {
    const first = must(fold(undefined, aHit({ limit: 20 }), after(600_000)))
    expect(first).toMatchObject({ change: lastChange, hitsAtNewValue: 1 })
    expect(fold(first, aHit({ limit: 20 }), after(601_000))).toMatchObject({
      reason: 'more-hits',
      incident: { hitsAtNewValue: 2 },
    })
  })

  it('forgives the log its whole seconds', () => {
    const hit = aHit({ limit: 20, loggedAtMs: NOW_MS - 900 })
    expect(fold(opened(), hit, after(100)).reason).toBe('hit-after-change')
  })

  it('counts a line without a value as new once no old one can be left', () => {
    expect(fold(opened(), aHit({ limit: undefined }), after(60_000)).reason).toBe('more-hits')
    expect(fold(opened(), { ...aHit(), limit: undefined }, after(181_000)).reason).toBe('hit-after-change')
  })

  it('starts its count again at the next change', () => {
    const first = must(fold(opened(), aHit({ limit: 20 }), after(1_000)))
    const next = { remediationId: 'rem2', oldValue: 20, newValue: 40, atMs: NOW_MS + 10_000 }
    const { incident } = fold(
      first,
      aHit({ limit: 40 }),
      aContext({ lastChange: next, nowMs: NOW_MS + 20_000 }),
    )
    expect(incident).toMatchObject({ change: next, hitsAtNewValue: 1 })
  })
})

function opened(hit = aHit(), context = {}): Incident {
  return must(fold(undefined, hit, aContext(context)))
}

function must({ incident }: Decision): Incident {
  if (incident === undefined) throw new Error('no incident')
  return incident
}
