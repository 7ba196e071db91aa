import { describe, expect, it } from 'vitest'
import type { Message } from '../../dev/slack/messages.ts'
import { people } from '../../dev/slack/people.ts'
import { deskInMemory } from './desk-in-memory.ts'
import { type RunningApp, runningApp } from './running-app.ts'
import { anAlert, anIncident, aProposal, nowMs, remediationStates, someAdvice } from './subjects.ts'

async function withAlert(): Promise<RunningApp & { readonly ts: string }> {
  const slack = await runningApp()
  slack.desk.alerts.set('inc1', anAlert())
  return { ...slack, ts: await slack.post(slack.intent('alert', 'inc1')) }
}

function wordsOf(message: Pick<Message, 'text' | 'blocks'>): string {
  return JSON.stringify([message.text, message.blocks])
}

const any = () => true

describe('a click', () => {
  it('is stored before it is acknowledged, acted upon once, and answered to the clicker alone', async () => {
    await using slack = await withAlert()
    const { workspace, desk } = slack
    desk.reply = { kind: 'done', text: 'Approved. The thread shows each step.' }
    const delivery = await workspace.click(people.approver, slack.ts, 'approve')
    expect(delivery).toMatchObject({ outcome: 'acknowledged' })
    expect(desk.story[0]).toBe('record approve')
    const answer = await workspace.untilEphemeral(people.approver, 'the answer', any)
    expect(wordsOf(answer)).toContain('Approved. The thread shows each step.')
    expect(desk.acts).toMatchObject([
      {
        click: { by: people.approver, command: { kind: 'approve', remediationId: 'rem-00000001' } },
        person: { standing: 'member', isApprover: true, isReader: true },
      },
    ])
    expect(workspace.ephemerals(people.member)).toEqual([])
  })

  it('is not acknowledged before it is stored', async () => {
    await using slack = await withAlert()
    let stored = () => {}
    slack.desk.storeGate = new Promise((resolve) => {
      stored = resolve
    })
    const clicked = slack.workspace.click(people.approver, slack.ts, 'approve')
    const envelope = () => slack.workspace.envelopes.all().findLast(({ type }) => type === 'interactive')
    await slack.workspace.until('the envelope', envelope)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(envelope()?.ackedAtMs).toBeUndefined()
    stored()
    expect(await clicked).toMatchObject({ outcome: 'acknowledged' })
  })

  it('is acknowledged although acting upon it takes long', async () => {
    await using slack = await withAlert()
    let act = () => {}
    slack.desk.gate = new Promise((resolve) => {
      act = resolve
    })
    expect(await slack.workspace.click(people.approver, slack.ts, 'approve')).toMatchObject({
      outcome: 'acknowledged',
    })
    expect(slack.desk.acts).toEqual([])
    act()
    await slack.workspace.until('the act', () => slack.desk.acts[0])
  })

  it('that slack delivers twice is one click', async () => {
    await using slack = await withAlert()
    const { workspace, desk } = slack
    workspace.envelopes.duplicateNext()
    await workspace.click(people.approver, slack.ts, 'approve')
    const envelope = workspace.envelopes.all().findLast(({ type }) => type === 'interactive')
    await workspace.envelopes.replay(envelope!.id)
    await workspace.untilEphemeral(people.approver, 'the answer', any)
    expect(desk.story.filter((word) => word === 'record approve')).toHaveLength(3)
    expect(desk.story.filter((word) => word === 'act approve')).toHaveLength(1)
  })

  it('of the same person on the same button later is another click', async () => {
    await using slack = await withAlert()
    await slack.workspace.click(people.approver, slack.ts, 'dismiss')
    await slack.workspace.click(people.approver, slack.ts, 'dismiss')
    await slack.workspace.until('two acts', () => (slack.desk.acts.length === 2 ? true : undefined))
    expect(new Set(slack.desk.acts.map(({ click }) => click.key)).size).toBe(2)
  })

  it.each([
    ['a guest', people.guest, 'guest', 'Guests'],
    ['a single-channel guest', people.singleChannelGuest, 'guest', 'Guests'],
    ['a stranger', people.stranger, 'stranger', 'belongs to another'],
    ['somebody outside the channel', people.outsider, 'not-in-channel', 'members of the ops channel'],
    ['a bot', people.robot, 'bot', 'Bots'],
    ['a deactivated account', people.deactivated, 'deactivated', 'deactivated'],
  ])('of %s is refused with the reason, audited, and goes no further', async (_, who, code, words) => {
    await using slack = await withAlert()
    const { workspace, desk } = slack
    expect(await workspace.click(who, slack.ts, 'approve', { evenIfHidden: true })).toMatchObject({
      outcome: 'acknowledged',
    })
    await workspace.until('a refusal', () => (desk.refusals.length > 0 ? true : undefined))
    expect(desk.refusals).toMatchObject([{ refused: { by: who, command: { kind: 'approve' } }, why: code }])
    expect(desk.acts).toEqual([])
    expect(await desk.actions.unfinishedClicks()).toEqual([])
    expect(wordsOf(await workspace.untilEphemeral(who, 'the reason', any))).toContain(words)
  })

  it('of a member who is no approver reaches the desk, which knows the policy, as such', async () => {
    await using slack = await withAlert()
    slack.desk.reply = { kind: 'refused', code: 'not-approver', text: 'You are not one of the approvers.' }
    await slack.workspace.click(people.member, slack.ts, 'approve')
    const answer = await slack.workspace.untilEphemeral(people.member, 'the refusal', any)
    expect(wordsOf(answer)).toContain('You are not one of the approvers.')
    expect(slack.desk.acts[0]?.person).toMatchObject({
      standing: 'member',
      isApprover: false,
      isReader: true,
    })
  })

  it('is refused when slack does not say who it is', async () => {
    await using slack = await withAlert()
    slack.workspace.faults.add({ kind: 'error', error: 'internal_error', method: 'users.info' })
    await slack.workspace.click(people.approver, slack.ts, 'approve')
    await slack.workspace.until('a refusal', () => (slack.desk.refusals.length > 0 ? true : undefined))
    expect(slack.desk.refusals[0]?.why).toBe('unknown-person')
    expect(slack.desk.acts).toEqual([])
  })

  it('that cannot be stored is not acted upon, and the person is told', async () => {
    await using slack = await withAlert()
    slack.desk.storeFault = new Error('disk full')
    expect(await slack.workspace.click(people.approver, slack.ts, 'approve')).toMatchObject({
      outcome: 'acknowledged',
    })
    const answer = await slack.workspace.untilEphemeral(people.approver, 'the trouble', any)
    expect(wordsOf(answer)).toContain('could not be stored')
    expect(slack.desk.acts).toEqual([])
  })

  it('whose act fails is said to be uncertain', async () => {
    await using slack = await withAlert()
    slack.desk.reply = new Error('the store is gone')
    await slack.workspace.click(people.approver, slack.ts, 'snooze')
    const answer = await slack.workspace.untilEphemeral(people.approver, 'the trouble', any)
    expect(wordsOf(answer)).toContain('not certain')
    expect(wordsOf(answer)).not.toContain('the store is gone')
  })

  it('with a value or a button that maillimit never made is acknowledged and does nothing', async () => {
    await using slack = await withAlert()
    const delivery = await slack.workspace.click(people.approver, slack.ts, 'approve', {
      value: 'x; rm -rf /',
    })
    expect(delivery).toMatchObject({ outcome: 'acknowledged' })
    const answer = await slack.workspace.untilEphemeral(people.approver, 'an answer', any)
    expect(wordsOf(answer)).toContain('not known')
    expect(slack.desk.clicks.size).toBe(0)
  })

  it('says for how long Snooze lasts, and which incident', async () => {
    await using slack = await withAlert()
    await slack.workspace.click(people.approver, slack.ts, 'snooze')
    await slack.workspace.until('the act', () => slack.desk.acts[0])
    expect(slack.desk.acts[0]?.click.command).toEqual({
      kind: 'snooze',
      incidentId: 'inc1',
      forMs: 3_600_000,
    })
  })

  it('of somebody who was removed from the channel is refused', async () => {
    await using slack = await withAlert()
    slack.workspace.directory.leave(slack.workspace.channelId, people.secondApprover)
    await slack.workspace.click(people.secondApprover, slack.ts, 'approve', { evenIfHidden: true })
    await slack.workspace.until('a refusal', () => slack.desk.refusals[0])
    expect(slack.desk.refusals[0]?.why).toBe('not-in-channel')
  })

  it('that was stored when the bot died is acted upon at the next start', async () => {
    const desk = deskInMemory()
    desk.clicks.set('k1', {
      key: 'k1',
      by: people.approver,
      teamId: 'T0LOCAL0001',
      atMs: nowMs,
      command: { kind: 'approve', remediationId: 'rem-00000001' },
      channel: 'C0MAILOPS01',
      threadTs: undefined,
    })
    await using slack = await runningApp({ desk })
    await expect.poll(() => desk.acts).toMatchObject([{ click: { key: 'k1' }, person: { isApprover: true } }])
    expect(wordsOf(await slack.workspace.untilEphemeral(people.approver, 'the answer', any))).toContain(
      'Done.',
    )
  })

  it('that arrives while the bot still starts is acted upon once', async () => {
    await using slack = await runningApp({ start: false })
    const gate = Promise.withResolvers<void>()
    slack.desk.gate = gate.promise
    // The last thing that a start asks of Slack: the click comes in before its answer.
    slack.workspace.faults.add({ kind: 'slow', delayMs: 600, method: 'conversations.info' })
    const started = slack.app.start()
    await slack.workspace.untilConnected(1)
    await slack.workspace.slash(people.approver, '/maillimit', 'raise mx1 imap 20')
    await expect.poll(() => slack.desk.clicks.size).toBe(1)
    await started
    gate.resolve()
    await expect.poll(() => slack.desk.acts.length).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(slack.desk.acts).toHaveLength(1)
  })

  it('that is being handled is waited for when the bot stops', async () => {
    const slack = await withAlert()
    let open = () => {}
    slack.desk.gate = new Promise((resolve) => {
      open = resolve
    })
    await slack.workspace.click(people.approver, slack.ts, 'approve')
    const stopped = slack.app.stop()
    open()
    await stopped
    expect(slack.desk.story).toEqual(['record approve', 'act approve'])
    await slack[Symbol.asyncDispose]()
  })

  it('arrives at once while one of the two sockets is being replaced', async () => {
    await using slack = await withAlert()
    const { workspace } = slack
    for (let round = 0; round < 6; round += 1) {
      await workspace.untilConnected(2)
      workspace.sockets.disconnect('refresh_requested', 1)
      expect(workspace.sockets.open).toBe(1)
      expect(slack.app.health().connected).toBe(true)
      expect(await workspace.click(people.approver, slack.ts, 'dismiss')).toMatchObject({
        outcome: 'acknowledged',
      })
    }
    await workspace.until('six acts', () => (slack.desk.acts.length === 6 ? true : undefined))
  })

  it.each(['warning', 'refresh_requested', 'too_many_websockets'] as const)(
    'arrives again after slack closed both sockets: %s',
    async (reason) => {
      await using slack = await withAlert()
      await slack.workspace.untilConnected(2)
      slack.workspace.sockets.disconnect(reason)
      await slack.workspace.untilConnected(1)
      expect(await slack.workspace.click(people.approver, slack.ts, 'dismiss')).toMatchObject({
        outcome: 'acknowledged',
      })
    },
  )

  it('arrives again after the network broke and slack could not be asked for new sockets', async () => {
    await using slack = await withAlert()
    const { workspace } = slack
    await workspace.untilConnected(2)
    for (const fault of [
      { kind: 'http-error', status: 503 },
      { kind: 'connection-lost' },
      { kind: 'error', error: 'invalid_auth' },
    ] as const) {
      workspace.faults.add({ ...fault, method: 'apps.connections.open' })
    }
    workspace.sockets.failNext('close-at-once')
    workspace.sockets.cut()
    await workspace.until('no socket', () => (workspace.sockets.open === 0 ? true : undefined))
    await workspace.untilConnected(1)
    expect(await workspace.click(people.approver, slack.ts, 'dismiss')).toMatchObject({
      outcome: 'acknowledged',
    })
    await workspace.until('the act', () => slack.desk.acts[0])
  })
})

describe('another value', () => {
  it('is asked for in a form and becomes a stored click', async () => {
    await using slack = await withAlert()
    const { workspace, desk } = slack
    await workspace.click(people.approver, slack.ts, 'other-value')
    const form = await workspace.untilModal(people.approver, 'the form', any)
    desk.reply = { kind: 'done', text: 'The new plan stands on the alert.' }
    expect(await workspace.submit(people.approver, form.id, { value: '40' })).toEqual({ outcome: 'closed' })
    await workspace.untilEphemeral(people.approver, 'the answer', any)
    expect(desk.acts).toMatchObject([
      { click: { command: { kind: 'plan-other-value', incidentId: 'inc1', value: 40 } } },
    ])
  })

  it('is judged again when the form is sent, since the limit may have moved on', async () => {
    await using slack = await withAlert()
    const { workspace, desk } = slack
    await workspace.click(people.approver, slack.ts, 'other-value')
    const form = await workspace.untilModal(people.approver, 'the form', any)
    desk.alerts.set('inc1', anAlert({ incident: anIncident({ advice: someAdvice({ limit: 50 }) }) }))
    const result = await workspace.submit(people.approver, form.id, { value: '40' })
    expect(result).toMatchObject({
      outcome: 'errors',
      errors: { value: expect.stringContaining('at least 51') },
    })
    expect(desk.clicks.size).toBe(0)
  })

  it('cannot be out of bounds: slack itself holds the form to them', async () => {
    await using slack = await withAlert()
    await slack.workspace.click(people.approver, slack.ts, 'other-value')
    const form = await slack.workspace.untilModal(people.approver, 'the form', any)
    for (const value of ['10', '101', '20.5']) {
      expect(await slack.workspace.submit(people.approver, form.id, { value })).toMatchObject({
        outcome: 'not-sent',
      })
    }
  })

  it('is not offered to a guest, nor when there is no room below LIMIT_MAX', async () => {
    await using slack = await withAlert()
    await slack.workspace.click(people.guest, slack.ts, 'other-value')
    await slack.workspace.untilEphemeral(people.guest, 'the reason', (message) =>
      wordsOf(message).includes('Guests'),
    )
    expect(slack.workspace.modal(people.guest)).toBeUndefined()
    slack.desk.alerts.set('inc1', anAlert({ limitMax: 10 }))
    await slack.workspace.click(people.approver, slack.ts, 'other-value')
    await slack.workspace.untilEphemeral(people.approver, 'the reason', (message) =>
      wordsOf(message).includes('LIMIT_MAX'),
    )
  })

  it('is asked for again when the form could not be opened', async () => {
    await using slack = await withAlert()
    slack.workspace.faults.add({ kind: 'error', error: 'expired_trigger_id', method: 'views.open' })
    await slack.workspace.click(people.approver, slack.ts, 'other-value')
    await slack.workspace.untilEphemeral(people.approver, 'the trouble', (message) =>
      wordsOf(message).includes('click again'),
    )
    expect(slack.workspace.modal(people.approver)).toBeUndefined()
  })

  it('is checked at the sending by who sends it', async () => {
    await using slack = await withAlert()
    await slack.workspace.click(people.member, slack.ts, 'other-value')
    const form = await slack.workspace.untilModal(people.member, 'the form', any)
    await slack.workspace.submit(people.member, form.id, { value: '40' })
    await slack.workspace.until('the act', () => slack.desk.acts[0])
    expect(slack.desk.acts[0]?.person.isApprover).toBe(false)
  })
})

describe('a command', () => {
  it('asks for the status of a user, also when slack made a link of the address', async () => {
    await using slack = await runningApp({ workspace: { emailsAs: 'mailto' } })
    expect(await slack.workspace.slash(people.member, '/maillimit', 'status taro@example.com')).toMatchObject(
      {
        outcome: 'acknowledged',
      },
    )
    const answer = await slack.workspace.untilEphemeral(people.member, 'the status', any)
    expect(slack.desk.asked).toEqual(['taro@example.com'])
    const words = wordsOf(answer)
    for (const part of [
      '/etc/dovecot/conf.d/20-imap.conf:96',
      '203.0.113.9',
      '12 refused logins',
      '1 open incident',
      '20',
    ]) {
      expect(words).toContain(part)
    }
    expect(slack.desk.clicks.size).toBe(0)
  })

  it.each([
    ['hosts', '/var/log/maillog'],
    ['history', 'rem-00000001'],
    ['help', '/maillimit raise HOST SERVICE VALUE'],
    ['', '/maillimit status USER'],
    ['statsu taro@example.com', 'Did you mean /maillimit status taro@example.com?'],
  ])('"%s" is answered to the asker alone', async (text, words) => {
    await using slack = await runningApp()
    slack.desk.remediations.set('rem-00000001', remediationStates['succeeded']!)
    await slack.workspace.slash(people.member, '/maillimit', text)
    expect(wordsOf(await slack.workspace.untilEphemeral(people.member, 'the answer', any))).toContain(words)
    expect(slack.workspace.messages()).toEqual([])
  })

  it.each([
    ['raise mx1 imap 20', { kind: 'raise', host: 'mx1', service: 'imap', value: 20 }],
    ['rollback rem-00000001', { kind: 'rollback', remediationId: 'rem-00000001' }],
  ])('"%s" is stored like a click', async (text, command) => {
    await using slack = await runningApp()
    await slack.workspace.slash(people.approver, '/maillimit', text)
    await slack.workspace.untilEphemeral(people.approver, 'the answer', any)
    expect(slack.desk.acts).toMatchObject([{ click: { command } }])
    expect(slack.desk.story[0]).toContain('record')
  })

  it.each(['status taro@example.com', 'hosts', 'history'])('"%s" tells a guest nothing', async (text) => {
    await using slack = await runningApp()
    await slack.workspace.slash(people.guest, '/maillimit', text)
    expect(wordsOf(await slack.workspace.untilEphemeral(people.guest, 'the reason', any))).toContain('Guests')
    expect(slack.desk.asked).toEqual([])
    expect(slack.desk.refusals).toMatchObject([
      { why: 'guest', refused: { command: { kind: text.split(' ')[0] } } },
    ])
  })
})

describe('app home', () => {
  it('shows open incidents and hosts to members of the ops channel', async () => {
    await using slack = await withAlert()
    await slack.workspace.openHome(people.member)
    const home = await slack.workspace.untilHome(people.member, 'the home', any)
    expect(JSON.stringify(home.blocks)).toContain('taro@example.com')
    expect(JSON.stringify(home.blocks)).toContain('mx1')
  })

  it('shows nothing to anybody else', async () => {
    await using slack = await withAlert()
    await slack.workspace.openHome(people.outsider)
    const home = await slack.workspace.untilHome(people.outsider, 'the home', any)
    expect(JSON.stringify(home.blocks)).toContain('members of the ops channel')
    expect(JSON.stringify(home.blocks)).not.toContain('taro@example.com')
    expect(slack.desk.refusals).toMatchObject([
      { refused: { command: { kind: 'home' } }, why: 'not-in-channel' },
    ])
  })
})

describe('what slack never sent before', () => {
  it.each([
    ['an unknown envelope', { type: 'something_new' }],
    ['a click without a user', { type: 'block_actions', actions: [{ action_id: 'approve', value: 'x' }] }],
    [
      'a click without actions',
      { type: 'block_actions', user: { id: 'U1' }, team: { id: 'T1' }, actions: [] },
    ],
    [
      'a click of another shape',
      { type: 'block_actions', user: { id: 7 }, team: { id: 'T1' }, actions: [{ action_id: 'approve' }] },
    ],
    [
      'a form of another shape',
      {
        type: 'view_submission',
        user: { id: 'U1' },
        team: { id: 'T1' },
        view: { id: 'V1', callback_id: 'other-value' },
      },
    ],
    ['a shortcut', { type: 'shortcut', callback_id: 'x', user: { id: 'U1' }, team: { id: 'T1' } }],
    [
      'a menu that asks for options',
      { type: 'block_suggestion', action_id: 'x', user: { id: 'U1' }, team: { id: 'T1' } },
    ],
    ['nothing at all', {}],
  ])('is acknowledged, logged and survived: %s', async (_, payload) => {
    await using slack = await runningApp()
    const delivery = await slack.workspace.envelopes.deliver('interactive', payload, false)
    expect(delivery).toMatchObject({ outcome: 'acknowledged' })
    expect(slack.lines.some(({ level }) => level === 'warn' || level === 'error')).toBe(true)
    await slack.workspace.slash(people.member, '/maillimit', 'help')
    await slack.workspace.untilEphemeral(people.member, 'help after that', any)
    expect(slack.desk.clicks.size).toBe(0)
  })
})

describe('roll back', () => {
  it('is a click of its own on the alert', async () => {
    await using slack = await runningApp()
    slack.desk.alerts.set(
      'inc1',
      anAlert({ proposal: undefined, remediations: [remediationStates['succeeded']!] }),
    )
    const ts = await slack.post(slack.intent('alert', 'inc1'))
    await slack.workspace.click(people.approver, ts, 'rollback')
    await slack.workspace.until('the act', () => slack.desk.acts[0])
    expect(slack.desk.acts[0]?.click.command).toEqual({ kind: 'rollback', remediationId: aProposal().id })
  })
})
