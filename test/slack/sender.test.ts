import { describe, expect, it } from 'vitest'
import type { FaultKind } from '../../dev/slack/faults.ts'
import { people } from '../../dev/slack/people.ts'
import { runningApp, type RunningApp } from './running-app.ts'
import { alertStates, anAlert, anIncident, aHit, anAway, aNotice, remediationStates } from './subjects.ts'

async function sending(scopes?: readonly string[]): Promise<RunningApp> {
  const slack = await runningApp({ start: false, ...(scopes === undefined ? {} : { workspace: { scopes } }) })
  slack.desk.alerts.set('inc1', anAlert())
  return slack
}

describe('the sender', () => {
  it.each(Object.entries(alertStates))('posts an alert without a plainer form: %s', async (_, alert) => {
    await using slack = await sending()
    slack.desk.alerts.set('inc1', alert)
    await slack.post(slack.intent('alert', 'inc1'))
    expect(slack.lines).toEqual([])
  })

  it('posts steps, outcome, request, notice and away', async () => {
    await using slack = await sending()
    const ts = await slack.post(slack.intent('alert', 'inc1'))
    for (const [id, remediation] of Object.entries(remediationStates)) {
      slack.desk.remediations.set(id, remediation)
      await slack.post(slack.intent('remediation', id, 'alert:inc1'), ts)
      await slack.post(slack.intent('outcome', id, 'alert:inc1'), ts)
      await slack.post(slack.intent('request', id))
    }
    slack.desk.notices.set('n1', aNotice())
    slack.desk.aways.set('a1', anAway())
    await slack.post(slack.intent('notice', 'n1'))
    await slack.post(slack.intent('away', 'a1'))
    expect(slack.lines).toEqual([])
    expect(slack.workspace.replies(ts)).toHaveLength(Object.keys(remediationStates).length * 2)
  })

  it('renders the newest state at each edit, and takes the buttons away at once', async () => {
    await using slack = await sending()
    const intent = slack.intent('alert', 'inc1')
    const ts = await slack.post(intent)
    expect(JSON.stringify(slack.workspace.message(ts)?.blocks)).toContain('Raise to 20')
    slack.desk.alerts.set('inc1', alertStates['applying']!)
    expect(await slack.app.messenger.edit(intent, ts)).toEqual({ kind: 'sent', messageId: ts })
    expect(slack.workspace.message(ts)?.blocks.some(({ type }) => type === 'actions')).toBe(false)
  })

  it('sends neither mentions nor links for a name that pretends to be one', async () => {
    await using slack = await sending()
    const user = '<!channel> @here http://evil.example/ *x*'
    slack.desk.alerts.set(
      'inc1',
      anAlert({ incident: anIncident({ user, lastHit: aHit({ user, raw: user }) }) }),
    )
    const ts = await slack.post(slack.intent('alert', 'inc1'))
    const call = slack.workspace.callsOf('chat.postMessage')[0]
    expect(call?.args).toMatchObject({
      parse: 'none',
      unfurl_links: 'false',
      unfurl_media: 'false',
      mrkdwn: 'false',
    })
    expect(call?.args).not.toHaveProperty('link_names')
    expect(slack.workspace.message(ts)?.text).toContain('&lt;!channel&gt; @here')
  })

  it.each<[string, FaultKind, object]>([
    [
      'a rate limit comes back when slack says',
      { kind: 'rate-limited', retryAfterS: 7 },
      { kind: 'later', afterMs: 7000 },
    ],
    ['a lost answer is ambiguous', { kind: 'answer-lost' }, { kind: 'ambiguous' }],
    ['a broken connection is ambiguous', { kind: 'connection-lost' }, { kind: 'ambiguous' }],
    ['a 5xx is ambiguous', { kind: 'http-error', status: 503 }, { kind: 'ambiguous' }],
    ['internal_error is ambiguous', { kind: 'error', error: 'internal_error' }, { kind: 'ambiguous' }],
    ['fatal_error is ambiguous', { kind: 'error', error: 'fatal_error' }, { kind: 'ambiguous' }],
    [
      'a revoked token fails with what to do',
      { kind: 'error', error: 'token_revoked' },
      { kind: 'failed', code: 'token_revoked', hint: expect.stringContaining('SLACK_BOT_TOKEN') },
    ],
    [
      'a channel without the bot fails with what to do',
      { kind: 'error', error: 'not_in_channel' },
      { kind: 'failed', code: 'not_in_channel', hint: expect.stringContaining('/invite') },
    ],
    [
      'an archived channel fails with what to do',
      { kind: 'error', error: 'is_archived' },
      { kind: 'failed', code: 'is_archived' },
    ],
    [
      'an unknown refusal fails under its own name',
      { kind: 'error', error: 'brand_new_error' },
      { kind: 'failed', code: 'brand_new_error' },
    ],
    ['a proxy that forbids fails', { kind: 'http-error', status: 403 }, { kind: 'failed', code: 'http-403' }],
    [
      'being told to slow down in words comes later',
      { kind: 'error', error: 'ratelimited' },
      { kind: 'later' },
    ],
  ])('judges each answer once, without trying again: %s', async (_, fault, result) => {
    await using slack = await sending()
    slack.workspace.faults.add({ ...fault, method: 'chat.postMessage' })
    expect(await slack.app.messenger.post(slack.intent('alert', 'inc1'), 'd1', undefined)).toMatchObject(
      result,
    )
    expect(slack.workspace.callsOf('chat.postMessage')).toHaveLength(1)
  })

  it('knows that nothing was posted when slack could not be reached at all', async () => {
    const slack = await sending()
    await slack.workspace.close()
    expect(await slack.app.messenger.post(slack.intent('alert', 'inc1'), 'd1', undefined)).toMatchObject({
      kind: 'later',
      why: expect.stringContaining('ECONNREFUSED'),
    })
    await slack[Symbol.asyncDispose]()
  })

  it('sends the classic form at once when slack refuses the newest blocks, and bare text when it refuses that too', async () => {
    await using slack = await sending()
    const refuse = () =>
      slack.workspace.faults.add({ kind: 'error', error: 'invalid_blocks', method: 'chat.postMessage' })
    refuse()
    const classic = slack.workspace.message(await slack.post(slack.intent('alert', 'inc1')))
    expect(new Set(classic?.blocks.map(({ type }) => type))).toEqual(
      new Set(['header', 'section', 'divider', 'context', 'actions']),
    )
    refuse()
    refuse()
    const bare = slack.workspace.message(await slack.post(slack.intent('alert', 'inc1')))
    expect(bare?.blocks).toEqual([])
    expect(bare?.text).toContain('Logins refused: taro@example.com')
    expect(slack.lines.filter(({ level }) => level === 'warn')).toHaveLength(3)
  })

  it('says that a deleted message is gone, so that it is posted again', async () => {
    await using slack = await sending()
    const intent = slack.intent('alert', 'inc1')
    const ts = await slack.post(intent)
    slack.workspace.deleteMessage(people.approver, ts)
    expect(await slack.app.messenger.edit(intent, ts)).toEqual({ kind: 'gone' })
  })

  it('does not send what is no longer stored', async () => {
    await using slack = await sending()
    const result = await slack.app.messenger.post(slack.intent('alert', 'forgotten'), 'd1', undefined)
    expect(result).toMatchObject({ kind: 'failed', code: 'subject-unknown' })
    expect(slack.workspace.messages()).toEqual([])
  })

  it('tells health of the last delivery that failed, until one succeeds', async () => {
    await using slack = await sending()
    slack.workspace.faults.add({ kind: 'error', error: 'is_archived', method: 'chat.postMessage' })
    await slack.app.messenger.post(slack.intent('alert', 'inc1'), 'd1', undefined)
    expect(slack.app.health().delivery).toMatchObject({ code: 'is_archived' })
    await slack.post(slack.intent('alert', 'inc1'))
    expect(slack.app.health().delivery).toBeUndefined()
  })
})

describe('a message whose answer was lost', () => {
  it('is found by its delivery id, in the channel and in a thread', async () => {
    await using slack = await sending()
    const { messenger } = slack.app
    const sinceMs = Date.now()
    slack.workspace.faults.add({ kind: 'answer-lost', method: 'chat.postMessage' })
    const alert = slack.intent('alert', 'inc1')
    expect(await messenger.post(alert, 'd1', undefined)).toMatchObject({ kind: 'ambiguous' })
    const [message] = slack.workspace.messages()
    expect(await messenger.find(alert, 'd1', sinceMs)).toEqual({ kind: 'found', messageId: message!.ts })
    expect(await messenger.find(alert, 'd2', sinceMs)).toEqual({ kind: 'absent' })

    slack.desk.remediations.set('r', remediationStates['succeeded']!)
    slack.workspace.faults.add({ kind: 'answer-lost', method: 'chat.postMessage' })
    const outcome = slack.intent('outcome', 'r', 'alert:inc1')
    await messenger.post(outcome, 'd3', message!.ts)
    const [reply] = slack.workspace.replies(message!.ts)
    expect(await messenger.find(outcome, 'd3', sinceMs, message!.ts)).toEqual({
      kind: 'found',
      messageId: reply!.ts,
    })
    expect(await messenger.find(outcome, 'd3', sinceMs)).toMatchObject({ kind: 'unknown' })
  })

  it('is to be looked for later when slack is busy, without waiting here, and unknown without the scope', async () => {
    await using slack = await sending()
    const alert = slack.intent('alert', 'inc1')
    const ts = await slack.post(alert)
    slack.workspace.faults.add({ kind: 'rate-limited', retryAfterS: 30, method: 'conversations.history' })
    expect(await slack.app.messenger.find(alert, 'd-alert:inc1', Date.now())).toMatchObject({
      kind: 'later',
      afterMs: 30_000,
    })
    expect(await slack.app.messenger.find(alert, 'd-alert:inc1', Date.now())).toEqual({
      kind: 'found',
      messageId: ts,
    })

    await using poor = await sending([
      'chat:write',
      'commands',
      'users:read',
      'usergroups:read',
      'channels:read',
      'groups:read',
    ])
    expect(await poor.app.messenger.find(alert, 'd1', Date.now())).toEqual({
      kind: 'unknown',
      why: 'missing_scope',
    })
  })

  it('is not taken from somebody else who copied its looks', async () => {
    await using slack = await sending()
    slack.workspace.say(people.member, 'd1 maillimit_message')
    expect(await slack.app.messenger.find(slack.intent('alert', 'inc1'), 'd1', Date.now())).toEqual({
      kind: 'absent',
    })
  })

  it('is found behind many others', async () => {
    await using slack = await sending()
    const alert = slack.intent('alert', 'inc1')
    const ts = await slack.post(alert)
    for (let n = 0; n < 450; n += 1) slack.workspace.say(people.member, `chat ${n}`)
    expect(await slack.app.messenger.find(alert, 'd-alert:inc1', Date.now())).toEqual({
      kind: 'found',
      messageId: ts,
    })
  })
})
