import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import { OpsError } from '../../src/lib/errors.ts'
import { silentLog } from '../../src/lib/log.ts'
import { carryOut, settle } from '../../src/remediation/executor.ts'
import type { MailHost, TranscriptEnd, TranscriptRecord } from '../../src/remediation/mail-host.ts'
import type { Remediation } from '../../src/remediation/remediation.ts'
import { aRemediation } from './a-remediation.ts'
import { RememberedRemediations } from './remembered-remediations.ts'

/** Waits that pass at once. */
const clock: Clock = {
  now: () => 5_000,
  after(_delayMs, run) {
    const handle = setImmediate(run)
    return () => clearImmediate(handle)
  },
}

const STEPS: readonly TranscriptRecord[] = ['lock', 'heal', 'check', 'try', 'backup', 'write', 'install'].map(
  (name) => ({ kind: 'step', name, state: 'ok', atMs: 1, detail: '' }),
)

/** A host that carries a change out once an id, as host/PROTOCOL.md says, and can lose its connection. */
class FakeHost {
  readonly begun: string[] = []
  readonly voided = new Set<string>()
  breakAfter: number | undefined
  unreachableTimes = 0
  runningTimes = 0
  end: TranscriptEnd = { kind: 'applied' }

  async *apply({ id }: { readonly id: string }): AsyncGenerator<TranscriptRecord, TranscriptEnd, void> {
    if (this.breakAfter === -1) throw lost()
    this.begin(id)
    for (const [index, step] of STEPS.entries()) {
      if (index === this.breakAfter) throw lost()
      yield step
    }
    return this.end
  }

  async void(id: string): Promise<{ records: readonly TranscriptRecord[]; end: TranscriptEnd }> {
    if (this.unreachableTimes-- > 0) throw new OpsError('unreachable', 'no route', { retryable: true })
    if (!this.begun.includes(id)) {
      this.voided.add(id)
      return { records: [], end: { kind: 'voided' } }
    }
    if (this.runningTimes-- > 0) return { records: STEPS.slice(0, 5), end: { kind: 'running' } }
    return { records: STEPS, end: this.end }
  }

  private begin(id: string) {
    if (this.voided.has(id)) throw new OpsError('voided', 'voided')
    if (this.begun.includes(id)) throw new Error('asked to apply twice')
    this.begun.push(id)
  }
}

function lost() {
  return new OpsError('outcome-unknown', 'the connection broke', { retryable: true })
}

function setUp(remediation: Partial<Remediation> = {}) {
  const fake = new FakeHost()
  const store = new RememberedRemediations()
  const approved = aRemediation({ state: 'approved', approvals: [{ by: 'U1', atMs: 1 }], ...remediation })
  store.put(approved)
  const host = Object.assign(fake, { name: 'mx1' }) as unknown as MailHost
  const parts = { store, clock, log: silentLog, lane: 'C1', verifyForMs: 600_000, stored() {} }
  const never = new AbortController().signal
  return { fake, store, host, parts, approved, never }
}

describe('carrying out', () => {
  it('stores "applying" before the host is called, and each step as it comes', async () => {
    const { fake, store, host, parts, approved, never } = setUp()
    const begin = fake.apply.bind(fake)
    let stateAtCall: string | undefined
    fake.apply = (request) => {
      stateAtCall = store.now(request.id).state
      return begin(request)
    }
    const done = await carryOut(approved, host, parts, never)
    expect(stateAtCall).toBe('applying')
    expect(done.state).toBe('verifying')
    expect(done.records).toEqual(STEPS)
    expect(store.states).toEqual(['applying', ...STEPS.map(() => 'applying'), 'verifying'])
    expect(store.audited.map((entry) => entry.event)).toEqual(['applied'])
  })

  it('calls the host once when two callers carry the same approval out', async () => {
    const { fake, host, parts, approved, never } = setUp()
    await Promise.all([carryOut(approved, host, parts, never), carryOut(approved, host, parts, never)])
    expect(fake.begun).toEqual([approved.id])
  })

  for (let at = 0; at < STEPS.length; at++) {
    it(`asks for the outcome when the connection breaks before step ${at + 1}, and has every step once`, async () => {
      const { fake, host, parts, approved, never } = setUp()
      fake.breakAfter = at
      fake.unreachableTimes = 3
      fake.runningTimes = 2
      const done = await carryOut(approved, host, parts, never)
      expect(fake.begun).toEqual([approved.id])
      expect(done.state).toBe('verifying')
      expect(done.records).toEqual(STEPS)
    })
  }

  it('makes sure that a request which got lost on its way can never begin', async () => {
    const { fake, host, parts, approved, never } = setUp()
    fake.breakAfter = -1
    const done = await carryOut(approved, host, parts, never)
    expect(done.state).toBe('refused')
    expect([...fake.voided]).toEqual([approved.id])
    expect(fake.begun).toEqual([])
  })
})

describe('settling after a restart', () => {
  it('voids an approval that never reached the host, and applies nothing', async () => {
    const { fake, host, parts, approved, never } = setUp()
    const done = await settle(approved, host, parts, never)
    expect(done.state).toBe('refused')
    expect(done.explanation).toContain('can never take effect')
    expect(fake.begun).toEqual([])
  })

  for (const [end, state] of [
    [{ kind: 'applied' }, 'verifying'],
    [{ kind: 'restored', code: 'reload' }, 'restored'],
    [{ kind: 'needs-operator', code: 'not-ours' }, 'needs_operator'],
  ] as const) {
    it(`takes over what the host did meanwhile: ${end.kind}`, async () => {
      const { fake, host, parts, approved, never } = setUp()
      fake.begun.push(approved.id)
      fake.end = end
      const done = await settle(approved, host, parts, never)
      expect(done.state).toBe(state)
      expect(done.records).toEqual(STEPS)
    })
  }

  it('asks less often where nothing moves, and often again as soon as something does', async () => {
    const { fake, host, parts, approved, never } = setUp()
    fake.begun.push(approved.id)
    const waitsMs: number[] = []
    const slow: Clock = {
      now: () => clock.now(),
      after(delayMs, run) {
        waitsMs.push(delayMs)
        return clock.after(delayMs, run)
      },
    }
    const seen = [2, 2, 2, 2, 2, 2, 5, 5].values()
    fake.void = async () => {
      const count = seen.next().value
      return count === undefined
        ? { records: STEPS, end: { kind: 'applied' } }
        : { records: STEPS.slice(0, count), end: { kind: 'running' } }
    }
    await settle(approved, host, { ...parts, clock: slow }, never)
    expect(waitsMs).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000, 500, 1_000])
  })

  it('goes on asking until it is told to stop', async () => {
    const { fake, host, parts, approved } = setUp()
    fake.unreachableTimes = Number.POSITIVE_INFINITY
    const stop = new AbortController()
    const asking = settle(approved, host, parts, stop.signal)
    setTimeout(() => stop.abort(new Error('stopping')), 20)
    await expect(asking).rejects.toThrow('stopping')
  })
})
