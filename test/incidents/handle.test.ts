import { describe, expect, it } from 'vitest'
import { fold } from '../../src/incidents/fold.ts'
import { dismiss, reopen, snooze, unsnooze } from '../../src/incidents/handle.ts'
import type { Act } from '../../src/incidents/act.ts'
import type { Incident } from '../../src/incidents/incident.ts'
import { resolved, resolveQuiet } from '../../src/incidents/resolve-quiet.ts'
import { whenDue } from '../../src/incidents/when-due.ts'
import { aContext, NOW_MS, QUIET_MS } from './a-context.ts'
import { aHit } from './a-hit.ts'

const HOUR = 3_600_000
const open = fold(undefined, aHit(), aContext()).incident!

describe('what people and timers do to an incident', () => {
  it('snoozes, and wakes it when the time has come', () => {
    const asleep = changed(snooze(open, 'U1', NOW_MS + HOUR, 'C1'))
    expect(asleep).toMatchObject({
      state: 'snoozed',
      handledBy: 'U1',
      snoozedUntilMs: NOW_MS + HOUR,
      revision: 2,
    })
    expect(unsnooze(asleep, NOW_MS + HOUR - 1, 'C1').kind).toBe('nothing')
    expect(changed(unsnooze(asleep, NOW_MS + HOUR, 'C1'))).toMatchObject({
      state: 'open',
      handledBy: undefined,
      snoozedUntilMs: undefined,
      revision: 3,
    })
  })

  it('dismisses once, and takes it back', () => {
    const away = changed(dismiss(open, 'U1', 'C1'))
    expect(away.state).toBe('dismissed')
    expect(dismiss(away, 'U2', 'C1')).toEqual({ kind: 'nothing', reason: 'nothing-to-say' })
    expect(changed(reopen(away, 'C1')).state).toBe('open')
    expect(reopen(open, 'C1').kind).toBe('nothing')
  })

  it('edits the alert at each of them', () => {
    const act = snooze(open, 'U1', NOW_MS + HOUR, 'C1')
    expect(act).toMatchObject({ intents: [{ messageKey: `alert:${open.id}`, revision: 2 }] })
  })

  it('resolves after the quiet time, not before', () => {
    expect(resolveQuiet(open, NOW_MS + QUIET_MS - 1, QUIET_MS, 'C1').kind).toBe('nothing')
    const over = resolveQuiet(open, NOW_MS + QUIET_MS, QUIET_MS, 'C1')
    expect(over).toMatchObject({ reason: 'quiet-resolved', incident: { state: 'resolved' } })
  })

  it('keeps a snooze to its end, and resolves then if it was quiet all along', () => {
    const asleep = changed(snooze(open, 'U1', NOW_MS + HOUR, 'C1'))
    expect(whenDue(asleep, NOW_MS + HOUR - 1, QUIET_MS, 'C1').kind).toBe('nothing')
    expect(changed(whenDue(asleep, NOW_MS + HOUR, QUIET_MS, 'C1')).state).toBe('resolved')
    const noisy = { ...asleep, lastHitAtMs: NOW_MS + HOUR - 1 }
    expect(changed(whenDue(noisy, NOW_MS + HOUR, QUIET_MS, 'C1')).state).toBe('open')
  })

  it('never touches a resolved incident', () => {
    const over = resolved(open, NOW_MS)
    const acts = [
      snooze(over, 'U1', NOW_MS + HOUR, 'C1'),
      dismiss(over, 'U1', 'C1'),
      unsnooze(over, NOW_MS, 'C1'),
      reopen(over, 'C1'),
      resolveQuiet(over, NOW_MS + HOUR, QUIET_MS, 'C1'),
    ]
    expect(acts.map((act) => act.kind)).toEqual(acts.map(() => 'nothing'))
  })

  it('posts nothing about the end of an incident that never had an alert', () => {
    const silent = { ...open, alertedAtMs: undefined }
    expect(resolveQuiet(silent, NOW_MS + QUIET_MS, QUIET_MS, 'C1')).toMatchObject({
      kind: 'changed',
      intents: [],
    })
  })
})

function changed(act: Act): Incident {
  if (act.kind !== 'changed') throw new Error('nothing changed')
  return act.incident
}
