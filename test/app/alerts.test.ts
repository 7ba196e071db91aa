import { describe, expect, it } from 'vitest'
import { alertButtons } from '../../src/slack/views/alert-buttons.ts'
import { alertPhase } from '../../src/slack/views/alert-phase.ts'
import { alertPage } from '../../src/slack/views/alert.ts'
import { ABot, MINUTE } from './a-bot.ts'

/** What a person sees of the alert at this moment. */
async function seen(a: ABot, incidentId: string) {
  const subject = await a.bot.subjects.alert(incidentId)
  if (subject === undefined) throw new Error('there is no such alert')
  const buttons = alertButtons(subject).map(({ action, label }) => `${action}: ${label}`)
  return { phase: alertPhase(subject), buttons, page: JSON.stringify(alertPage(subject)), subject }
}

async function afterRaise(settings: { readonly approvalsRequired?: number } = {}) {
  const a = await new ABot(settings).start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const raise = await a.proposal()
  const incidentId = (await a.incident()).id
  await a.click({ kind: 'approve', remediationId: raise.id })
  if (settings.approvalsRequired === 2)
    await a.click({ kind: 'approve', remediationId: raise.id }, { id: 'U2' })
  return { a, raise, incidentId }
}

describe('the alert', () => {
  it('is red again, with a plan, when something else put the old limit back', async () => {
    const { a, raise, incidentId } = await afterRaise()
    await using _bot = a
    await a.clock.advance(11 * MINUTE)
    expect((await a.store.remediation(raise.id))?.state).toBe('succeeded')
    expect((await seen(a, incidentId)).phase).toBe('applied')
    a.host.limit = 10
    await a.clock.advance(5 * MINUTE)
    await a.hit('taro@example.com', 10)
    const now = await seen(a, incidentId)
    expect(now.phase).toBe('refusing')
    expect(now.buttons).toContain(`approve: Raise to ${(await a.proposal()).plan.newValue}`)
  })

  it('of one user does not say that the new limit is reached because another user reached it', async () => {
    const { a, raise, incidentId } = await afterRaise()
    await using _bot = a
    await a.clock.advance(MINUTE)
    await a.hit('jiro@example.com', raise.plan.newValue)
    await a.clock.advance(10 * MINUTE)
    expect((await a.store.remediation(raise.id))?.verification?.hitsAtNewValue).toBe(1)
    expect((await seen(a, incidentId)).phase).toBe('applied')
  })

  it('says why there is no plan when the new limit is reached while the change is still watched', async () => {
    const { a, raise, incidentId } = await afterRaise()
    await using _bot = a
    await a.clock.advance(MINUTE)
    a.host.holds('taro@example.com', raise.plan.newValue)
    await a.hit()
    const now = await seen(a, incidentId)
    expect(now.phase).toBe('reached-again')
    expect(now.page).toContain('still being watched')
    expect(now.buttons).toContain('other-value: Other value…')
  })

  it('keeps the plan of a rollback although the host shows no connections any more', async () => {
    const { a, raise, incidentId } = await afterRaise()
    await using _bot = a
    await a.clock.advance(11 * MINUTE)
    await a.click({ kind: 'rollback', remediationId: raise.id })
    a.host.sessions = []
    await a.restart()
    await a.clock.advance(5 * MINUTE)
    await a.hit()
    await a.click({ kind: 'look-again', incidentId })
    expect((await a.incident()).advice?.diagnosis.kind).toBe('unconfirmed')
    expect(await a.proposal()).toMatchObject({ kind: 'rollback' })
  })

  it('shows the plan of a rollback, with its buttons, while a person has to look', async () => {
    const { a, raise, incidentId } = await afterRaise()
    await using _bot = a
    a.host.dovecotRunning = false
    await a.clock.advance(11 * MINUTE)
    expect((await a.store.remediation(raise.id))?.state).toBe('needs_operator')
    a.host.dovecotRunning = true
    expect(await a.click({ kind: 'rollback', remediationId: raise.id })).toMatchObject({ kind: 'done' })
    const now = await seen(a, incidentId)
    expect(now.buttons).toEqual(['approve: Roll back to 10', expect.stringContaining('reject')])
    expect(now.page).toContain('Rollback plan')
  })

  it('shows the plan of a rollback until somebody decided, also when the incident is over meanwhile', async () => {
    const { a, raise, incidentId } = await afterRaise()
    await using _bot = a
    await a.clock.advance(29 * MINUTE)
    await a.click({ kind: 'rollback', remediationId: raise.id })
    await a.clock.advance(2 * MINUTE)
    expect((await a.store.incident(incidentId))?.state).toBe('resolved')
    expect((await seen(a, incidentId)).buttons).toContain('approve: Roll back to 10')
  })

  it('still shows what was done after a later plan got only one of its two approvals', async () => {
    const { a, raise, incidentId } = await afterRaise({ approvalsRequired: 2 })
    await using _bot = a
    await a.clock.advance(11 * MINUTE)
    await a.click({ kind: 'plan-other-value', incidentId, value: 60 })
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id }, { id: 'U3' })
    await a.clock.advance(1_000)
    await a.click({ kind: 'plan-other-value', incidentId, value: 70 })
    const now = await seen(a, incidentId)
    expect(now.subject.remediations.map(({ id }) => id)).toEqual([raise.id])
  })

  it('keeps a plan that has an approval although another value would be suggested by now', async () => {
    await using a = await new ABot({ approvalsRequired: 2 }).start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const first = await a.proposal()
    await a.click({ kind: 'approve', remediationId: first.id })
    a.host.holds('taro@example.com', 40)
    await a.clock.advance(2 * MINUTE)
    await a.hit()
    expect((await a.proposal()).id).toBe(first.id)
    expect((await a.proposal()).approvals).toHaveLength(1)
  })

  it('that was dismissed has no plan left that a late click could approve', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const { id: incidentId } = await a.incident()
    const plan = await a.proposal()
    await a.click({ kind: 'dismiss', incidentId })
    expect(await a.click({ kind: 'approve', remediationId: plan.id }, { id: 'U2' })).toMatchObject({
      code: 'superseded',
      text: expect.stringContaining('dismissed'),
    })
    expect(a.host.limit).toBe(10)
    expect(await a.click({ kind: 'plan-other-value', incidentId, value: 30 })).toMatchObject({
      code: 'dismissed',
    })
    await a.click({ kind: 'look-again', incidentId })
    expect(await a.proposals()).toEqual([])
  })
})
