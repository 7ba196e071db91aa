import { describe, expect, it } from 'vitest'
import { ABot, MINUTE } from './a-bot.ts'

async function withProposal(settings: { readonly approvalsRequired?: number } = {}) {
  const a = await new ABot(settings).start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const proposal = await a.proposal()
  return { a, proposal, approve: { kind: 'approve', remediationId: proposal.id } as const }
}

describe('an approval', () => {
  it('changes the host once, whoever clicks again', async () => {
    const { a, proposal, approve } = await withProposal()
    await using _bot = a
    expect(await a.click(approve)).toEqual({ kind: 'silent' })
    expect(await a.click(approve, { id: 'U2' })).toMatchObject({ code: 'already-decided', decidedBy: 'U1' })
    expect(a.host.limit).toBe(proposal.plan.newValue)
    expect(a.host.calls.filter((call) => call.startsWith('apply'))).toHaveLength(1)
    expect((await a.store.remediation(proposal.id))?.verification?.effectiveValue).toBe(a.host.limit)
    expect((await a.incident()).advice?.limit).toBe(a.host.limit)
  })

  it('of a person who may not leaves an audit entry and nothing else', async () => {
    const { a, approve } = await withProposal()
    await using _bot = a
    expect(await a.click(approve, { isApprover: false })).toMatchObject({ code: 'not-approver' })
    expect(a.host.limit).toBe(10)
    expect(await a.auditedEvents()).toContain('refused-click')
  })

  it('comes too late after the plan has expired, and the expiry is on record', async () => {
    const { a, proposal, approve } = await withProposal()
    await using _bot = a
    await a.clock.advance(29 * MINUTE)
    await a.hit()
    await a.clock.advance(MINUTE)
    expect(await a.click(approve)).toMatchObject({ code: 'expired' })
    expect((await a.store.remediation(proposal.id))?.state).toBe('expired')
    expect(a.host.limit).toBe(10)
  })

  it('of a plan that the host has left behind changes nothing, says what is new, and a new plan stands there', async () => {
    const { a, proposal, approve } = await withProposal()
    await using _bot = a
    a.host.limit = 12
    const reply = await a.click(approve)
    expect(reply).toMatchObject({ code: 'host-moved-on', text: expect.stringContaining('12 now, it was 10') })
    const next = await a.proposal()
    expect(next.id).not.toBe(proposal.id)
    expect(next.plan.oldValue).toBe(12)
    expect(a.host.limit).toBe(12)
  })

  it('that came second to a higher raise is told so, and the alert shows the limit of now', async () => {
    const { a, proposal, approve } = await withProposal()
    await using _bot = a
    a.host.limit = 40
    const reply = await a.click(approve)
    expect(reply).toMatchObject({ code: 'host-moved-on', text: expect.stringContaining('no new plan') })
    expect((await a.store.remediation(proposal.id))?.state).toBe('refused')
    expect(await a.proposals()).toEqual([])
    const { advice } = await a.incident()
    expect(advice?.limit).toBe(40)
    expect(advice?.diagnosis.summary).toContain('40 is in force now')
  })

  it('needs a second person when two are required, and never the one who asked', async () => {
    const { a, approve } = await withProposal({ approvalsRequired: 2 })
    await using _bot = a
    expect(await a.click(approve)).toMatchObject({ kind: 'done', text: expect.stringContaining('1 more') })
    expect(await a.click(approve)).toMatchObject({ code: 'approved-by-you' })
    expect(a.host.limit).toBe(10)
    expect(await a.click(approve, { id: 'U2' })).toEqual({ kind: 'silent' })
    expect(a.host.limit).toBeGreaterThan(10)
  })

  it('takes the buttons from every other plan for the same host and service', async () => {
    const { a, approve } = await withProposal()
    await using _bot = a
    a.host.sessions = [
      ...a.host.sessions,
      ...a.host.sessions.map((one) => ({ ...one, user: 'jiro@example.com' })),
    ]
    await a.hit('jiro@example.com')
    expect(await a.proposals()).toHaveLength(2)
    await a.click(approve)
    expect((await a.proposals()).filter((one) => one.plan.oldValue === 10)).toEqual([])
  })
})

describe('a request', () => {
  it('for a value over LIMIT_MAX, an unknown host or a lower value is refused with the reason', async () => {
    await using a = await new ABot().start()
    const raise = (host: string, value: number) => a.click({ kind: 'raise', host, service: 'imap', value })
    expect(await raise('mx1', 101)).toMatchObject({ code: 'over-limit-max' })
    expect(await raise('mx9', 20)).toMatchObject({
      code: 'unknown-host',
      text: expect.stringContaining('mx1'),
    })
    expect(await raise('mx1', 5)).toMatchObject({ code: 'lower' })
    expect(await a.proposals()).toEqual([])
  })

  it('stands in the channel as a plan, and is carried out when it is approved', async () => {
    await using a = await new ABot().start()
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
    expect(a.host.limit).toBe(10)
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
    expect(a.host.limit).toBe(40)
  })

  it('to roll back is a plan of its own', async () => {
    const { a, proposal, approve } = await withProposal()
    await using _bot = a
    await a.click(approve)
    await a.click({ kind: 'rollback', remediationId: proposal.id })
    const undo = await a.proposal()
    expect(undo).toMatchObject({ kind: 'rollback', of: proposal.id, requestedBy: 'U1' })
    await a.click({ kind: 'approve', remediationId: undo.id })
    expect(a.host.limit).toBe(10)
  })

  it('to roll back after the incident is over stands in a message of its own, where it can be approved', async () => {
    const { a, proposal, approve } = await withProposal()
    await using _bot = a
    await a.click(approve)
    await a.clock.advance(31 * MINUTE)
    await a.click({ kind: 'rollback', remediationId: proposal.id })
    const undo = await a.proposal()
    expect(undo.incidentId).toBeUndefined()
    await a.click({ kind: 'approve', remediationId: undo.id })
    expect(a.host.limit).toBe(10)
  })

  it('for another value is refused while the hit is unconfirmed', async () => {
    await using a = await new ABot().start()
    await a.hit()
    const incidentId = (await a.incident()).id
    expect(await a.click({ kind: 'plan-other-value', incidentId, value: 30 })).toMatchObject({
      code: 'unconfirmed',
    })
  })
})

it('a click that was stored when the bot died is still there to be acted upon', async () => {
  const { a, approve } = await withProposal()
  await using _bot = a
  const click = {
    key: 'k',
    by: 'U1',
    teamId: 'T1',
    atMs: 1,
    command: approve,
    channel: 'C1',
    threadTs: undefined,
  }
  expect(await a.bot.actions.recordClick(click)).toBe('new')
  expect(await a.bot.actions.recordClick(click)).toBe('repeated')
  expect(await a.bot.actions.unfinishedClicks()).toEqual([click])
})

describe('nobody but a listed approver who is in the channel', () => {
  const nobodies = {
    'a member who is no approver': [{ isApprover: false }, 'not-approver'],
    'an approver who left the channel': [{ isReader: false }, 'not-in-channel'],
    'a guest': [{ standing: 'guest' }, 'guest'],
    'somebody of another workspace': [{ standing: 'stranger' }, 'stranger'],
    'somebody whom Slack did not name': [{ standing: 'unknown' }, 'unknown-person'],
  } as const

  it.each(Object.keys(nobodies) as Array<keyof typeof nobodies>)('decides anything: not %s', async (who) => {
    const [person, code] = nobodies[who]
    const { a, proposal } = await withProposal()
    await using _bot = a
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 30 })
    const request = (await a.proposals()).find(({ incidentId }) => incidentId === undefined)
    await a.click({ kind: 'approve', remediationId: request?.id ?? '' })
    expect(a.host.limit).toBe(30)
    const incidentId = (await a.incident()).id
    const before = [await a.proposals(), (await a.incident()).state, a.host.calls.length]
    const commands = [
      { kind: 'approve', remediationId: proposal.id },
      { kind: 'reject', remediationId: proposal.id },
      { kind: 'raise', host: 'mx1', service: 'imap', value: 40 },
      { kind: 'plan-other-value', incidentId, value: 40 },
      { kind: 'rollback', remediationId: request?.id ?? '' },
      { kind: 'look-again', incidentId },
      { kind: 'snooze', incidentId, forMs: MINUTE },
      { kind: 'dismiss', incidentId },
    ] as const
    for (const command of commands) {
      expect(await a.click(command, { id: 'U9', ...person }), command.kind).toMatchObject({
        kind: 'refused',
        code,
      })
    }
    expect([await a.proposals(), (await a.incident()).state, a.host.calls.length]).toEqual(before)
    expect((await a.auditedEvents()).filter((event) => event === 'refused-click')).toHaveLength(
      commands.length,
    )
  })
})

describe('a stored click', () => {
  const commands = ['approve', 'dismiss', 'raise', 'refused'] as const

  it.each(commands)(
    'is finished once it was acted upon, so that no start acts upon it again: %s',
    async (which) => {
      const { a, proposal } = await withProposal()
      await using _bot = a
      const incidentId = (await a.incident()).id
      if (which === 'approve') await a.click({ kind: 'approve', remediationId: proposal.id })
      if (which === 'dismiss') await a.click({ kind: 'dismiss', incidentId })
      if (which === 'raise') await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 30 })
      if (which === 'refused') await a.click({ kind: 'dismiss', incidentId }, { isApprover: false })
      expect(await a.bot.actions.unfinishedClicks()).toEqual([])
    },
  )

  it('is finished before the host is asked, so that a change that outlives the bot is not approved again', async () => {
    const { a, approve } = await withProposal()
    await using _bot = a
    const apply = a.host.apply.bind(a.host)
    let unfinished: readonly unknown[] | undefined
    a.host.apply = async function* (request) {
      unfinished = await a.store.unfinishedClicks()
      return yield* apply(request)
    }
    await a.click(approve)
    expect(unfinished).toEqual([])
  })
})

it('a hit that is stored between the reading of an incident and a click on it is not lost', async () => {
  const { a } = await withProposal()
  await using _bot = a
  const { id } = await a.incident()
  const incident = a.store.incident.bind(a.store)
  a.store.incident = async (asked) => {
    const found = await incident(asked)
    a.store.incident = incident
    if (found === undefined) return found
    const counted = { ...found, hits: found.hits + 1, revision: found.revision + 1 }
    await a.store.advanceIncident(found.revision, counted, { intents: [], audit: [] })
    return found
  }
  await a.click({ kind: 'snooze', incidentId: id, forMs: 20 * MINUTE })
  expect(await a.incident()).toMatchObject({ state: 'snoozed', hits: 2 })
})

it('a click that meets a bug of ours is not met again at every start', async () => {
  const { a, approve } = await withProposal()
  await using _bot = a
  a.host.plan = async () => {
    throw new TypeError('our bug')
  }
  const raise = a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
  await expect(raise).rejects.toThrow('our bug')
  expect(await a.bot.actions.unfinishedClicks()).toEqual([])
  expect((await a.click(approve)).kind).toBe('silent')
})
