import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Act } from '../../src/incidents/act.ts'
import type { Away } from '../../src/incidents/away.ts'
import { fold } from '../../src/incidents/fold.ts'
import { dismiss, reopen, snooze } from '../../src/incidents/handle.ts'
import { incidentKey } from '../../src/incidents/incident-key.ts'
import type { Incident, LastChange } from '../../src/incidents/incident.ts'
import { type Storm, STORM_WINDOW_MS } from '../../src/incidents/storm.ts'
import { whenDue } from '../../src/incidents/when-due.ts'
import { aContext, NOW_MS } from './a-context.ts'
import { aHit } from './a-hit.ts'

const QUIET_MS = 10 * 60_000

type Step =
  | { kind: 'hit'; user: number; ip: number; ageMs: number; limit: number }
  | { kind: 'snooze' | 'dismiss' | 'reopen'; pick: number }
  | { kind: 'change'; value: number }
  | { kind: 'time'; ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('hit' as const),
      user: fc.nat(40),
      ip: fc.nat(2),
      ageMs: fc.oneof({ weight: 4, arbitrary: fc.nat(5_000) }, fc.nat(30 * 60_000)),
      limit: fc.constantFrom(10, 20, 40),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('snooze', 'dismiss', 'reopen'), pick: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('change' as const), value: fc.constantFrom(20, 40) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.oneof(fc.nat(500), fc.nat(QUIET_MS)) }),
  },
)

describe('incidents under any interleaving of hits, people, changes and time', () => {
  it('count every hit once, are open once a key, and only ever move forward', () => {
    let [stormy, away] = [0, 0]
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
        const world = new World()
        for (const each of steps) world.take(each)
        world.settle()
        if (world.storms.size > 0) stormy++
        if (world.aways.size > 0) away++
        const counted = [...world.incidents.values()].reduce((sum, incident) => sum + incident.hits, 0)
        const old = [...world.aways.values()].reduce((sum, away) => sum + away.hits, 0)
        expect(counted + old + world.atOldValue).toBe(world.hits)
        for (const storm of world.storms.values()) {
          const folded = [...world.incidents.values()].filter((incident) =>
            world.stormsOf(incident).has(storm.id),
          )
          expect(folded).toHaveLength(storm.incidents)
        }
        expect([...world.incidents.values()].every((incident) => incident.state === 'resolved')).toBe(true)
      }),
      { numRuns: 300 },
    )
    // The generator reaches what it is meant to try.
    expect(stormy).toBeGreaterThan(10)
    expect(away).toBeGreaterThan(10)
  })
})

/** What the store does, as plainly as it can be said. */
class World {
  nowMs = NOW_MS
  hits = 0
  atOldValue = 0
  readonly incidents = new Map<string, Incident>()
  readonly storms = new Map<string, Storm>()
  readonly aways = new Map<string, Away>()
  readonly #everStormed = new Map<string, Set<string>>()
  #storm: Storm | undefined
  #away: Away | undefined
  #change: LastChange | undefined

  take(step: Step): void {
    this.nowMs += 1
    switch (step.kind) {
      case 'hit':
        return this.#hit(step)
      case 'time':
        this.nowMs += step.ms
        return this.#due()
      case 'change':
        this.#change = {
          remediationId: `rem${this.nowMs}`,
          oldValue: this.#change?.newValue ?? 10,
          newValue: step.value,
          atMs: this.nowMs,
        }
        return
      default: {
        const open = this.#open()
        const incident = open[step.pick % Math.max(1, open.length)]
        if (incident === undefined) return
        const acts = {
          snooze: () => snooze(incident, 'U1', this.nowMs + QUIET_MS * 2, 'C1'),
          dismiss: () => dismiss(incident, 'U1', 'C1'),
          reopen: () => reopen(incident, 'C1'),
        }
        this.#act(acts[step.kind]())
      }
    }
  }

  /** Long after the last hit, every timer has done its work. */
  settle(): void {
    this.nowMs += QUIET_MS * 4
    this.#due()
    this.#due()
  }

  stormsOf(incident: Incident): ReadonlySet<string> {
    return this.#everStormed.get(incident.id) ?? new Set()
  }

  #hit({ user, ip, ageMs, limit }: Extract<Step, { kind: 'hit' }>): void {
    const hit = aHit({ user: `user${user}`, rip: `192.0.2.${ip}`, limit, loggedAtMs: this.nowMs - ageMs })
    const key = incidentKey('mx1', hit)
    const open = this.#open().find((incident) => incident.user === key.user && incident.client === key.client)
    const context = aContext({
      nowMs: this.nowMs,
      quietAfterMs: QUIET_MS,
      lastChange: this.#change,
      storm: this.#storm,
      away: this.#away,
      alertsLately: [...this.incidents.values()].filter(
        (incident) => (incident.alertedAtMs ?? 0) > this.nowMs - STORM_WINDOW_MS,
      ).length,
    })
    const decision = fold(open, hit, context)
    this.hits++
    if (decision.resolved !== undefined) this.#save(decision.resolved)
    if (decision.incident !== undefined) this.#save(decision.incident)
    if (decision.storm !== undefined) {
      this.#storm = decision.storm
      this.storms.set(decision.storm.id, decision.storm)
    }
    if (decision.away !== undefined) {
      this.#away = decision.away
      this.aways.set(decision.away.id, decision.away)
    }
    if (decision.incident === undefined && decision.away === undefined) this.atOldValue++
  }

  #due(): void {
    for (const incident of this.#open()) this.#act(whenDue(incident, this.nowMs, QUIET_MS, 'C1'))
  }

  #act(act: Act): void {
    if (act.kind === 'changed') this.#save(act.incident)
  }

  #save(incident: Incident): void {
    const before = this.incidents.get(incident.id)
    assert.equal(incident.revision, (before?.revision ?? 0) + 1)
    assert.notEqual(before?.state, 'resolved')
    this.incidents.set(incident.id, incident)
    if (incident.stormId !== undefined) {
      this.#everStormed.set(incident.id, new Set([...this.stormsOf(incident), incident.stormId]))
    }
    const keys = this.#open().map(({ user, client }) => `${user} ${client}`)
    assert.equal(new Set(keys).size, keys.length)
  }

  #open(): readonly Incident[] {
    return [...this.incidents.values()].filter((incident) => incident.state !== 'resolved')
  }
}
