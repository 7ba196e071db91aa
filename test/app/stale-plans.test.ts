import { describe, expect, it } from 'vitest'
import type { PlanAnswer } from '../../src/remediation/mail-host.ts'
import { alertButtons } from '../../src/slack/views/alert-buttons.ts'
import { ABot, MINUTE } from './a-bot.ts'

async function withPlan(settings: { readonly approvalsRequired?: number } = {}) {
  const a = await new ABot(settings).start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  return { a, incidentId: (await a.incident()).id, plan: await a.proposal() }
}

/** Plans of the host, but for one value, are held back until the returned function is called. */
function holdPlans(a: ABot, exceptValue?: number): () => void {
  const planned = a.host.plan.bind(a.host)
  const gate = Promise.withResolvers<void>()
  a.host.plan = async (request) => {
    const answer = await planned(request)
    if (request.kind !== 'raise' || request.value !== exceptValue) await gate.promise
    return answer
  }
  return () => {
    a.host.plan = planned
    gate.resolve()
  }
}

async function buttons(a: ABot, incidentId: string): Promise<readonly string[]> {
  const subject = await a.bot.subjects.alert(incidentId)
  return subject === undefined ? [] : alertButtons(subject).map(({ action }) => action)
}

const REFUSED: PlanAnswer = {
  kind: 'refused',
  code: 'unreloaded-edit',
  notices: [
    { severity: 'refusal', code: 'unreloaded-edit', where: { file: '/x', line: 1 }, text: 'Reload first.' },
  ],
}

describe('a plan that the bot made by itself loses its button', () => {
  it('when somebody else set another limit meanwhile', async () => {
    const { a, incidentId, plan } = await withPlan()
    await using _bot = a
    a.host.limit = 30
    await a.clock.advance(2 * MINUTE)
    await a.hit('taro@example.com', 10)
    expect(await a.store.remediation(plan.id)).toMatchObject({
      state: 'superseded',
      explanation: expect.stringContaining('30'),
    })
    expect(await buttons(a, incidentId)).not.toContain('approve')
  })

  it('when the host would refuse it now, and the alert says why', async () => {
    const { a, incidentId, plan } = await withPlan()
    await using _bot = a
    a.host.plan = async () => REFUSED
    await a.clock.advance(2 * MINUTE)
    await a.hit()
    expect((await a.store.remediation(plan.id))?.state).toBe('superseded')
    expect((await a.incident()).advice?.noPlan).toContain('Reload first.')
    expect(await buttons(a, incidentId)).not.toContain('approve')
  })

  it('when the host answered before a change that was proven meanwhile', async () => {
    const { a, plan } = await withPlan()
    await using _bot = a
    a.host.sessions = [
      ...a.host.sessions,
      ...a.host.sessions.map((one) => ({ ...one, user: 'jiro@example.com' })),
    ]
    const answer = holdPlans(a)
    await a.clock.advance(1_000)
    await a.hit('jiro@example.com')
    await a.click({ kind: 'approve', remediationId: plan.id })
    expect(a.host.limit).toBe(20)
    answer()
    await a.clock.advance(1_000)
    expect((await a.proposals()).filter(({ plan: { oldValue } }) => oldValue === 10)).toEqual([])
  })
})

describe('a plan that a person asked for', () => {
  it('stays, whatever the host says of the value that the bot would suggest', async () => {
    const { a, incidentId } = await withPlan()
    await using _bot = a
    await a.click({ kind: 'plan-other-value', incidentId, value: 60 })
    const asked = await a.proposal()
    a.host.plan = async () => REFUSED
    await a.clock.advance(2 * MINUTE)
    await a.hit()
    expect((await a.proposal()).id).toBe(asked.id)
  })

  it('is not made for an alert that was dismissed while the host planned it', async () => {
    const { a, incidentId } = await withPlan()
    await using _bot = a
    const answer = holdPlans(a)
    const asked = a.click({ kind: 'plan-other-value', incidentId, value: 60 })
    await a.click({ kind: 'dismiss', incidentId }, { id: 'U2' })
    answer()
    expect(await asked).toMatchObject({ kind: 'refused', code: 'dismissed' })
    expect(await a.proposals()).toEqual([])
  })
})

it('a new plan in the place of one that the host had left behind is not made for an alert that was dismissed meanwhile', async () => {
  const { a, incidentId, plan } = await withPlan()
  await using _bot = a
  a.host.limit = 12
  const answer = holdPlans(a)
  const approved = a.click({ kind: 'approve', remediationId: plan.id })
  await a.click({ kind: 'dismiss', incidentId }, { id: 'U2' })
  answer()
  expect(await approved).toMatchObject({
    code: 'host-moved-on',
    text: expect.stringContaining('no new plan'),
  })
  expect(await a.proposals()).toEqual([])
})

describe('while the host plans for the bot', () => {
  it('an approval is not lost to the plan that comes of it', async () => {
    const { a, plan } = await withPlan({ approvalsRequired: 2 })
    await using _bot = a
    a.host.holds('taro@example.com', 40)
    await a.clock.advance(2 * MINUTE)
    const answer = holdPlans(a)
    await a.hit()
    await a.click({ kind: 'approve', remediationId: plan.id })
    answer()
    await a.clock.advance(0)
    expect(await a.proposal()).toMatchObject({ id: plan.id, approvals: [{ by: 'U1' }] })
  })

  it('the plan that a person asked for is not replaced', async () => {
    const { a, incidentId } = await withPlan()
    await using _bot = a
    a.host.holds('taro@example.com', 40)
    await a.clock.advance(2 * MINUTE)
    const answer = holdPlans(a, 60)
    await a.hit()
    await a.click({ kind: 'plan-other-value', incidentId, value: 60 })
    answer()
    await a.clock.advance(0)
    expect(await a.proposal()).toMatchObject({ requestedBy: 'U1', plan: { newValue: 60 } })
  })
})
