import { describe, expect, it } from 'vitest'
import { aRemediation } from '../remediation/a-remediation.ts'
import { ABot, MINUTE } from './a-bot.ts'

/** A host that was taken out of MAIL_HOSTS while something of it was still open. */
async function withoutItsHost() {
  const a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const proposal = await a.proposal()
  return { a, proposal }
}

describe('after a host was taken out of MAIL_HOSTS', () => {
  it('a click on its plan is refused, and the plan is not left half approved', async () => {
    const { a, proposal } = await withoutItsHost()
    await using _bot = a
    await a.restart('none')
    expect(await a.click({ kind: 'approve', remediationId: proposal.id })).toMatchObject({
      code: 'unknown-host',
      text: expect.stringContaining('MAIL_HOSTS'),
    })
    expect((await a.store.remediation(proposal.id))?.state).not.toBe('approved')
  })

  it('a change that was under way calls for a person instead of waiting for ever', async () => {
    const { a, proposal } = await withoutItsHost()
    await using _bot = a
    const id = 'rem-underway'
    await a.store.propose(
      aRemediation({
        id,
        incidentId: proposal.incidentId,
        state: 'applying',
        approvals: [{ by: 'U1', atMs: 1 }],
      }),
      { intents: [], audit: [] },
    )
    await a.restart('none')
    const ended = await a.store.remediation(id)
    expect(ended?.state).toBe('needs_operator')
    expect(ended?.explanation).toContain('MAIL_HOSTS')
  })

  it('the watch of its last change ends, and nothing is asked without pause', async () => {
    const { a, proposal } = await withoutItsHost()
    await using _bot = a
    await a.click({ kind: 'approve', remediationId: proposal.id })
    expect((await a.store.remediation(proposal.id))?.state).toBe('verifying')
    await a.restart('none')
    await a.clock.advance(11 * MINUTE)
    expect((await a.store.remediation(proposal.id))?.state).toBe('needs_operator')
    expect((a.clock.nextAtMs ?? 0) - a.clock.now()).toBeGreaterThan(MINUTE)
  })

  it('looking again says that it cannot', async () => {
    const { a } = await withoutItsHost()
    await using _bot = a
    const { id } = await a.incident()
    await a.restart('none')
    expect(await a.click({ kind: 'look-again', incidentId: id })).toMatchObject({ code: 'unknown-host' })
  })

  it('nobody is told any longer that it cannot be reached', async () => {
    const { a } = await withoutItsHost()
    await using _bot = a
    a.connect({
      kind: 'away',
      sinceMs: 0,
      fault: { message: 'no route to mx1', hint: undefined, retryable: false },
    })
    await a.clock.advance(0)
    expect(await a.store.openNotices()).toHaveLength(1)
    await a.restart('none')
    expect(await a.store.openNotices()).toEqual([])
  })
})
