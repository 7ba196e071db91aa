import { describe, expect, it } from 'vitest'
import { requestPage } from '../../src/slack/views/request.ts'
import { ABot, MINUTE } from './a-bot.ts'

async function withPlan(approvalsRequired: number) {
  const a = await new ABot({ approvalsRequired }).start()
  await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 }, { id: 'U9' })
  const plan = await a.proposal()
  return { a, plan, approve: { kind: 'approve', remediationId: plan.id } as const }
}

describe('with two approvals required, an earlier approval', () => {
  it('does not count any more when its giver is no approver at the moment of the last one', async () => {
    const { a, plan, approve } = await withPlan(2)
    await using _bot = a
    await a.click(approve, { id: 'U1' })
    a.people.set('U1', { isApprover: false })
    const reply = await a.click(approve, { id: 'U2' })
    expect(reply).toMatchObject({ kind: 'done', text: expect.stringContaining('1 more is needed') })
    expect(reply).toMatchObject({ text: expect.stringContaining('does not count any more') })
    expect(a.host.limit).toBe(10)
    expect((await a.proposal()).approvals.map(({ by }) => by)).toEqual(['U2'])
    expect(await a.click(approve, { id: 'U3' })).toEqual({ kind: 'silent' })
    expect(a.host.limit).toBe(40)
    const audit = await a.store.auditAfter(0, 1_000)
    expect(audit.find(({ event }) => event === 'approval-lapsed')).toMatchObject({
      actor: 'U1',
      subjectId: plan.id,
    })
    expect(audit.find(({ event }) => event === 'applied')?.detail).toMatchObject({ approvedBy: ['U2', 'U3'] })
  })

  it.each([
    ['left the channel', { isReader: false, isApprover: false }],
    ['was deactivated', { standing: 'deactivated', isApprover: false }],
  ] as const)('of somebody who %s does not count', async (_, now) => {
    const { a, approve } = await withPlan(2)
    await using _bot = a
    await a.click(approve, { id: 'U1' })
    a.people.set('U1', now)
    await a.click(approve, { id: 'U2' })
    expect(a.host.limit).toBe(10)
  })

  it('of somebody of whom Slack says nothing makes the answer no, and the last click can be made again', async () => {
    const { a, approve } = await withPlan(2)
    await using _bot = a
    await a.click(approve, { id: 'U1' })
    a.people.set('U1', { standing: 'unknown', isApprover: false, isReader: false })
    expect(await a.click(approve, { id: 'U2' })).toMatchObject({ kind: 'refused', code: 'unknown-person' })
    expect((await a.proposal()).approvals.map(({ by }) => by)).toEqual(['U1'])
    a.people.delete('U1')
    expect(await a.click(approve, { id: 'U2' })).toEqual({ kind: 'silent' })
    expect(a.host.limit).toBe(40)
  })
})

describe('a plan that stands when APPROVALS_REQUIRED is raised', () => {
  it('needs as many from then on, says so, and is not carried out for its requester alone', async () => {
    const { a, plan, approve } = await withPlan(1)
    await using _bot = a
    a.approvalsRequired = 2
    await a.restart()
    const now = await a.proposal()
    expect(JSON.stringify(requestPage({ remediation: now, overtakenBy: undefined }, 0))).toContain(
      'Needs 2 approvals.',
    )
    const row = (await a.store.unsent('C1')).find(({ messageKey }) => messageKey === `request:${plan.id}`)
    expect(row?.revision).toBeGreaterThan(1)
    expect(await a.click(approve, { id: 'U9' })).toMatchObject({ code: 'own-request' })
    expect(await a.click(approve, { id: 'U1' })).toMatchObject({ kind: 'done' })
    expect(a.host.limit).toBe(10)
    expect(await a.click(approve, { id: 'U2' })).toEqual({ kind: 'silent' })
    expect(a.host.limit).toBe(40)
  })

  it('keeps what it was made with when the setting is lowered', async () => {
    const { a } = await withPlan(2)
    await using _bot = a
    a.approvalsRequired = 1
    await a.restart()
    await a.clock.advance(MINUTE)
    expect(await a.proposal()).toMatchObject({ approvalsRequired: 2, revision: 1 })
  })
})
