import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnOutbox } from './an-outbox.ts'
import type { Fault } from './fake-channel.ts'

const KEYS = ['alert:a', 'alert:b', 'remediation:a', 'outcome:a', 'notice:mx1:gap:n'] as const
const PARENT: Readonly<Record<string, string>> = { 'remediation:a': 'alert:a', 'outcome:a': 'alert:a' }

type Step =
  | { kind: 'say' | 'delete'; key: (typeof KEYS)[number] }
  | { kind: 'pass'; ms: number }
  | { kind: 'fault'; fault: Fault }
  | { kind: 'crash'; arrived: boolean }

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constantFrom('answer-lost' as const, 'request-lost', 'failed', 'throws') }),
  fc.record({ kind: fc.constant('later' as const), afterMs: fc.nat(40_000) }),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('say' as const), key: fc.constantFrom(...KEYS) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), key: fc.constantFrom(...KEYS) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(8_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('fault' as const), fault }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), arrived: fc.boolean() }) },
)

describe('the outbox under any sequence of faults', () => {
  it('leaves each message standing exactly once, with the newest revision', { timeout: 60_000 }, async () => {
    let posts = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
        await using world = new World()
        for (const each of steps) await world.take(each)
        await world.settle()
        for (const key of world.said) {
          const live = world.outbox.channel.live(key)
          expect(live.map(({ revision }) => revision)).toEqual([world.revisions.get(key)])
          expect(live[0]?.thread !== undefined).toBe(PARENT[key] !== undefined)
        }
        posts += world.outbox.channel.messages.length
      }),
      { numRuns: 150 },
    )
    expect(posts).toBeGreaterThan(300)
  })

  it('leaves each message standing at least once when it cannot look for them', {
    timeout: 60_000,
  }, async () => {
    let doubled = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }), async (steps) => {
        await using world = new World()
        world.outbox.channel.canFind = false
        for (const each of steps) await world.take(each)
        await world.settle()
        const noted = new Set((await world.outbox.store.auditAfter(0, 1_000)).map((entry) => entry.subjectId))
        for (const key of world.said) {
          const live = world.outbox.channel.live(key)
          const newest = Math.max(...live.map(({ revision }) => revision))
          expect(newest).toBe(world.revisions.get(key))
          if (live.length > 1) {
            doubled++
            expect(noted).toContain(key)
          }
        }
      }),
      { numRuns: 80 },
    )
    expect(doubled).toBeGreaterThan(0)
  })
})

class World implements AsyncDisposable {
  readonly outbox = new AnOutbox()
  readonly said = new Set<string>()
  /** What the newest state of each message is: the fake shows it as revision. */
  readonly revisions = new Map<string, number>()

  async take(step: Step): Promise<void> {
    const { channel, clock } = this.outbox
    switch (step.kind) {
      case 'say':
        return this.#say(step.key)
      case 'delete':
        return channel.delete(step.key)
      case 'pass':
        return clock.advance(step.ms)
      case 'fault':
        channel.faults.push(step.fault)
        return
      case 'crash': {
        // The next call hangs for ever; then another process takes over.
        channel.faults.unshift({ kind: 'hangs', arrived: step.arrived })
        await this.#say('alert:b')
        await clock.advance(600_000)
        channel.faults = channel.faults.filter(({ kind }) => kind !== 'hangs')
        this.outbox.restart()
      }
    }
  }

  /** The far side is well again, and each message has something new to say. */
  async settle(): Promise<void> {
    this.outbox.channel.faults = []
    for (const key of this.said) await this.#say(key)
    await this.outbox.clock.advance(3_600_000)
  }

  async #say(key: string): Promise<void> {
    const parent = PARENT[key]
    if (parent !== undefined && !this.said.has(parent)) await this.#say(parent)
    this.said.add(key)
    const revision = (this.revisions.get(key) ?? 0) + 1
    this.revisions.set(key, revision)
    const kind = key.slice(0, key.indexOf(':')) as 'alert' | 'remediation' | 'outcome' | 'notice'
    await this.outbox.say({ messageKey: key, kind, revision, threadOf: PARENT[key] })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.outbox[Symbol.asyncDispose]()
  }
}
