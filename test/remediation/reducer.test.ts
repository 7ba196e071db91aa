import { describe, expect, it } from 'vitest'
import type { RemediationEvent } from '../../src/remediation/reducer.ts'
import { isFinished, next } from '../../src/remediation/reducer.ts'
import type { RemediationState } from '../../src/remediation/remediation.ts'
import { aRemediation } from './a-remediation.ts'

const STATES = [
  'proposed',
  'approved',
  'applying',
  'verifying',
  'succeeded',
  'rejected',
  'expired',
  'superseded',
  'refused',
  'restored',
  'needs_operator',
] as const satisfies readonly RemediationState[]

const WATCH = { startedAtMs: 1, untilMs: 2, effectiveValue: 20, hitsAtNewValue: 0, hitsAtOldValue: 0 }

const EVENTS: Record<string, RemediationEvent> = {
  approved: { kind: 'approved', by: 'U1', atMs: 5 },
  rejected: { kind: 'rejected', by: 'U1', atMs: 5 },
  expired: { kind: 'expired', atMs: 5 },
  superseded: { kind: 'superseded', why: 'newer', atMs: 5 },
  'approvals-required': { kind: 'approvals-required', count: 2 },
  begun: { kind: 'begun', atMs: 5 },
  recorded: { kind: 'recorded', record: { kind: 'step', name: 'lock', state: 'ok', atMs: 5, detail: '' } },
  'lost-sight': { kind: 'lost-sight', why: 'the link broke' },
  'host-removed': { kind: 'host-removed', why: 'not configured any more', atMs: 5 },
  'ended applied': ended({ kind: 'applied' }),
  'ended rolled-back': ended({ kind: 'rolled-back' }),
  'ended refused': ended({ kind: 'refused', code: 'digest' }),
  'ended restored': ended({ kind: 'restored', code: 'reload' }),
  'ended needs-operator': ended({ kind: 'needs-operator', code: 'not-ours' }),
  'ended running': ended({ kind: 'running' }),
  'ended unknown': ended({ kind: 'unknown' }),
  'ended voided': ended({ kind: 'voided' }),
  watched: { kind: 'watched', verification: WATCH },
  verified: { kind: 'verified', verification: WATCH, atMs: 5 },
  'not-verified': { kind: 'not-verified', verification: WATCH, why: 'another value', atMs: 5 },
}

const AFTER_AN_END = {
  'ended applied': 'verifying',
  'ended rolled-back': 'verifying',
  'ended refused': 'refused',
  'ended restored': 'restored',
  'ended needs-operator': 'needs_operator',
  'ended unknown': 'refused',
  'ended voided': 'refused',
} as const

/** Every pair that is allowed; all others are refused. */
const ALLOWED: Partial<Record<RemediationState, Record<string, RemediationState>>> = {
  proposed: {
    approved: 'approved',
    rejected: 'rejected',
    expired: 'expired',
    superseded: 'superseded',
    'approvals-required': 'proposed',
  },
  approved: { begun: 'applying', 'host-removed': 'needs_operator', ...AFTER_AN_END },
  applying: {
    recorded: 'applying',
    'lost-sight': 'applying',
    'host-removed': 'needs_operator',
    ...AFTER_AN_END,
  },
  verifying: {
    watched: 'verifying',
    verified: 'succeeded',
    'not-verified': 'needs_operator',
    'host-removed': 'needs_operator',
  },
}

describe('a remediation', () => {
  for (const state of STATES) {
    for (const [name, event] of Object.entries(EVENTS)) {
      const expected = ALLOWED[state]?.[name]
      it(`that is ${state} and sees "${name}" ${expected === undefined ? 'stays as it is' : `becomes ${expected}`}`, () => {
        const before = aRemediation({ state, verification: state === 'verifying' ? WATCH : undefined })
        const transition = next(before, event)
        if (expected === undefined) {
          expect(transition).toEqual({ kind: 'refused', state, event: event.kind })
          return
        }
        expect(transition.kind).toBe('next')
        if (transition.kind !== 'next') return
        expect(transition.remediation.state).toBe(expected)
        expect(transition.remediation.revision).toBe(before.revision + 1)
        expect(transition.remediation.finishedAtMs !== undefined).toBe(isFinished(expected))
      })
    }
  }

  it('that needs two approvals stays proposed after the first and never counts a person twice', () => {
    const first = next(aRemediation({ approvalsRequired: 2 }), { kind: 'approved', by: 'U1', atMs: 5 })
    expect(first.kind).toBe('next')
    if (first.kind !== 'next') return
    expect(first.remediation.state).toBe('proposed')
    expect(next(first.remediation, { kind: 'approved', by: 'U1', atMs: 6 }).kind).toBe('refused')
    const second = next(first.remediation, { kind: 'approved', by: 'U2', atMs: 6 })
    expect(second.kind === 'next' && second.remediation.state).toBe('approved')
  })

  it('that the host refused says so in the words of the host', () => {
    const text = 'Someone edited 20-imap.conf and did not reload. Run doveadm reload first.'
    const refused = next(
      aRemediation({
        state: 'applying',
        records: [{ kind: 'notice', severity: 'refusal', code: 'unreloaded-edit', where: undefined, text }],
      }),
      ended({ kind: 'refused', code: 'unreloaded-edit' }),
    )
    expect(refused.kind === 'next' && refused.remediation.explanation).toBe(text)
  })
})

function ended(end: Extract<RemediationEvent, { kind: 'ended' }>['end']): RemediationEvent {
  return { kind: 'ended', end, atMs: 5, verifyForMs: 600_000 }
}
