import { describe, expect, it } from 'vitest'
import { fold } from '../../src/incidents/fold.ts'
import { STORM_ALERTS, STORM_OVER_AFTER_MS, stormText } from '../../src/incidents/storm.ts'
import { aContext, NOW_MS } from './a-context.ts'
import { aHit } from './a-hit.ts'

const full = { alertsLately: STORM_ALERTS }

describe('a storm', () => {
  it('begins when a host has had its alerts of one minute: the incident is opened, without an alert', () => {
    const { reason, incident, storm, intents } = fold(undefined, aHit(), aContext(full))
    expect(reason).toBe('storm')
    expect(incident).toMatchObject({ state: 'open', hits: 1, alertedAtMs: undefined, stormId: storm?.id })
    expect(storm).toMatchObject({ host: 'mx1', incidents: 1, hits: 1, revision: 1 })
    expect(intents).toMatchObject([
      { kind: 'notice', messageKey: `notice:mx1:storm:${storm?.id}`, subjectId: storm?.id },
    ])
  })

  it('takes in everybody while it lasts, also when the first minute is over', () => {
    const first = fold(undefined, aHit(), aContext(full))
    const nowMs = NOW_MS + 120_000
    const second = fold(undefined, aHit({ user: 'hana' }), aContext({ storm: first.storm, nowMs }))
    expect(second.storm).toMatchObject({ id: first.storm?.id, incidents: 2, hits: 2, lastFoldedAtMs: nowMs })
    const more = fold(second.incident, aHit({ user: 'hana' }), aContext({ storm: second.storm, nowMs }))
    expect(more).toMatchObject({ reason: 'storm', storm: { incidents: 2, hits: 3 }, incident: { hits: 2 } })
    expect(more.storm && stormText(more.storm)).toContain('2 more users or addresses (3 hits)')
  })

  it('leaves the alerts that were there before it as they are', () => {
    const alerted = fold(undefined, aHit(), aContext())
    const { storm } = fold(undefined, aHit({ user: 'hana' }), aContext(full))
    const more = fold(alerted.incident, aHit(), aContext({ ...full, storm }))
    expect(more).toMatchObject({ reason: 'more-hits', storm: undefined, intents: [{ kind: 'alert' }] })
  })

  it('is over when nobody joined it for five minutes: a folded incident then gets its alert at its next hit', () => {
    const { incident, storm } = fold(undefined, aHit(), aContext(full))
    const nowMs = NOW_MS + STORM_OVER_AFTER_MS
    const calm = fold(incident, aHit(), aContext({ storm, nowMs }))
    expect(calm).toMatchObject({
      reason: 'storm-over',
      storm: undefined,
      incident: { alertedAtMs: nowMs, hits: 2 },
    })
    expect(calm.intents).toMatchObject([{ kind: 'alert' }])
    const next = fold(undefined, aHit({ user: 'hana' }), aContext({ ...full, storm, nowMs }))
    expect(next.storm?.id).not.toBe(storm?.id)
  })
})
