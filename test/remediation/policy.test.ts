import { describe, expect, it } from 'vitest'
import type { Person } from '../../src/remediation/person.ts'
import { mayAct, mayApprove } from '../../src/remediation/policy.ts'
import type { Remediation, RemediationState } from '../../src/remediation/remediation.ts'
import { aPerson, aRemediation } from './a-remediation.ts'

const NOW = 10_000

describe('who may approve', () => {
  it('is an approver who is a member of the workspace and of the ops channel', () => {
    expect(mayApprove(aPerson(), aRemediation(), NOW)).toEqual({ kind: 'allowed' })
  })

  const people: ReadonlyArray<[string, Partial<Person>, string]> = [
    ['a guest, even a listed one', { standing: 'guest' }, 'guest'],
    ['a stranger from another workspace, even a listed one', { standing: 'stranger' }, 'stranger'],
    ['a bot', { standing: 'bot' }, 'bot'],
    ['a deactivated account', { standing: 'deactivated' }, 'deactivated'],
    ['somebody of whom Slack said nothing', { standing: 'unknown' }, 'unknown-person'],
    ['an approver outside the ops channel', { isReader: false }, 'not-in-channel'],
    ['a member who is no approver', { isApprover: false }, 'not-approver'],
  ]
  for (const [who, person, code] of people) {
    it(`is not ${who}`, () => {
      expect(mayApprove(aPerson(person), aRemediation(), NOW)).toMatchObject({ kind: 'refused', code })
    })
  }

  it('is nobody for a standing that this version does not know', () => {
    const person = { ...aPerson(), standing: 'emperor' } as unknown as Person
    expect(mayAct(person, 'read')).toMatchObject({ kind: 'refused', code: 'unknown-person' })
  })

  it('leaves reading to members of the channel who are no approvers', () => {
    expect(mayAct(aPerson({ isApprover: false }), 'read')).toEqual({ kind: 'allowed' })
    expect(mayAct(aPerson({ isApprover: false }), 'snooze')).toMatchObject({ code: 'not-approver' })
  })
})

describe('an approval comes too late', () => {
  const states: ReadonlyArray<[RemediationState, string]> = [
    ['approved', 'already-decided'],
    ['applying', 'already-decided'],
    ['verifying', 'already-decided'],
    ['succeeded', 'already-decided'],
    ['refused', 'already-decided'],
    ['restored', 'already-decided'],
    ['needs_operator', 'already-decided'],
    ['rejected', 'already-decided'],
    ['expired', 'expired'],
    ['superseded', 'superseded'],
  ]
  for (const [state, code] of states) {
    it(`when the remediation is ${state}, and the answer names whose click came first`, () => {
      const remediation = aRemediation({ state, approvals: [{ by: 'U9', atMs: 1 }] })
      const verdict = mayApprove(aPerson(), remediation, NOW)
      expect(verdict).toMatchObject({ kind: 'refused', code })
      if (code === 'already-decided' && state !== 'rejected')
        expect(verdict).toMatchObject({ decidedBy: 'U9' })
    })
  }

  it('when the time to approve is over, to the millisecond, even if nobody marked it yet', () => {
    const remediation = aRemediation({ expiresAtMs: NOW })
    expect(mayApprove(aPerson(), remediation, NOW)).toMatchObject({ code: 'expired' })
    expect(mayApprove(aPerson(), remediation, NOW - 1)).toEqual({ kind: 'allowed' })
  })
})

describe('with two approvals required', () => {
  const two = (remediation: Partial<Remediation>) => aRemediation({ approvalsRequired: 2, ...remediation })

  it('whoever asked for the change does not count', () => {
    expect(mayApprove(aPerson(), two({ requestedBy: 'U1' }), NOW)).toMatchObject({ code: 'own-request' })
  })

  it('nobody counts twice', () => {
    expect(mayApprove(aPerson(), two({ approvals: [{ by: 'U1', atMs: 1 }] }), NOW)).toMatchObject({
      code: 'approved-by-you',
    })
  })
})

it('a host that only advises gets no change, whoever clicks', () => {
  expect(mayApprove(aPerson(), aRemediation({ adviseOnly: true }), NOW)).toMatchObject({
    code: 'advise-only',
  })
})

describe('a refusal says what to do next', () => {
  const words = (remediation: Partial<Remediation>, nowMs = 2_000) => {
    const verdict = mayApprove(aPerson(), aRemediation(remediation), nowMs)
    return verdict.kind === 'refused' ? verdict.text : ''
  }

  it('and why the plan was taken back, which is not always for a newer one', () => {
    const why = 'The incident was dismissed.'
    expect(words({ state: 'superseded', explanation: why })).toContain(why)
    expect(words({ state: 'superseded', explanation: why })).not.toContain('newer')
  })

  it('and sends nobody to a button that the message does not have', () => {
    expect(words({ state: 'expired' })).toContain('Look again')
    expect(words({ state: 'expired', incidentId: undefined })).not.toContain('Look again')
    expect(words({ state: 'expired', kind: 'rollback' })).not.toContain('Look again')
  })

  it('and does not tell a listed approver in a shared channel that they are not listed', () => {
    const verdict = mayAct(aPerson({ isApprover: false }), 'approve')
    expect(verdict).toMatchObject({ text: expect.stringContaining('shared with another organisation') })
  })
})
