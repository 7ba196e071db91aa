import { expect, test } from 'vitest'
import { runBolt } from './bolt-app.ts'

const button = {
  type: 'actions',
  block_id: 'choice',
  elements: [
    {
      type: 'button',
      action_id: 'raise',
      text: { type: 'plain_text', text: 'Raise to 20' },
      value: 'plan-1',
      style: 'primary',
      confirm: { text: { type: 'plain_text', text: 'Sure?' } },
    },
  ],
} as const

test('a slash command reaches the app and its answer is for the asker alone', async () => {
  await using running = await runBolt((app) => {
    app.command('/maillimit', async ({ command, ack, respond }) => {
      await ack()
      await respond({ text: `you said ${command.text}`, response_type: 'ephemeral' })
    })
  })
  const { slack } = running
  const delivery = await slack.slash(slack.people.member, '/maillimit', 'status taro@example.com')
  expect(delivery.outcome).toBe('acknowledged')
  const answer = await slack.untilEphemeral(slack.people.member, 'the answer', () => true)
  expect(answer.text).toBe('you said status taro@example.com')
  expect(slack.ephemerals(slack.people.approver)).toEqual([])
  expect(slack.messages()).toEqual([])
})

test('a click carries who, where and what, and its update changes the message in place', async () => {
  const bodies: unknown[] = []
  await using running = await runBolt((app) => {
    app.action('raise', async ({ ack, body, client }) => {
      bodies.push(body)
      await ack()
      const { channel, message } = body as { channel: { id: string }; message: { ts: string } }
      await client.chat.update({ channel: channel.id, ts: message.ts, text: 'raised', parse: 'none' })
    })
  })
  const { slack, app } = running
  const posted = await app.client.chat.postMessage({
    channel: slack.channelId,
    text: 'alert',
    blocks: [button],
  })
  const ts = posted.ts ?? ''
  await slack.click(slack.people.approver, ts, 'raise')
  const raised = await slack.untilMessage('the raised message', (message) => message.text === 'raised')
  expect(raised.ts).toBe(ts)
  expect(raised.blocks).toEqual([])
  expect(raised.revisions).toHaveLength(1)
  expect(bodies).toEqual([
    expect.objectContaining({
      type: 'block_actions',
      user: { id: slack.people.approver, username: 'hana', name: 'hana', team_id: 'T0LOCAL0001' },
      api_app_id: 'A0MAILLIMIT',
      team: { id: 'T0LOCAL0001', domain: 'local' },
      container: { type: 'message', message_ts: ts, channel_id: slack.channelId, is_ephemeral: false },
      channel: { id: slack.channelId, name: 'privategroup' },
      message: expect.objectContaining({ ts, text: 'alert', bot_id: 'B0MAILLIMIT' }) as unknown,
      state: { values: {} },
      response_url: expect.stringContaining(slack.url) as unknown,
      trigger_id: expect.any(String) as unknown,
      actions: [
        expect.objectContaining({
          type: 'button',
          action_id: 'raise',
          block_id: 'choice',
          value: 'plan-1',
          action_ts: expect.any(String) as unknown,
        }),
      ],
    }),
  ])
})

test('a person who does not see a message cannot click on it, a forger can', async () => {
  await using running = await runBolt((app) => {
    app.action('raise', async ({ ack }) => ack())
  })
  const { slack, app } = running
  const { ts = '' } = await app.client.chat.postMessage({
    channel: slack.channelId,
    text: 'a',
    blocks: [button],
  })
  await expect(slack.click(slack.people.outsider, ts, 'raise')).rejects.toThrow('is not in #mail-ops')
  await expect(slack.click(slack.people.approver, ts, 'lower')).rejects.toThrow('there are: raise')
  const declined = await slack.click(slack.people.approver, ts, 'raise', { confirm: false })
  expect(declined).toEqual({ outcome: 'declined' })
  const forged = await slack.click(slack.people.outsider, ts, 'raise', {
    evenIfHidden: true,
    value: 'x',
  })
  expect(forged.outcome).toBe('acknowledged')
  const payload = slack.envelopes.all().at(-1)?.payload as { actions: { value: string }[] }
  expect(payload.actions[0]?.value).toBe('x')
})

test('a click that nobody acknowledges ends in words for the one who clicked', async () => {
  await using running = await runBolt(() => {}, { ackWithinMs: 100 })
  const { slack, app } = running
  const { ts = '' } = await app.client.chat.postMessage({
    channel: slack.channelId,
    text: 'a',
    blocks: [button],
  })
  expect((await slack.click(slack.people.approver, ts, 'raise')).outcome).toBe('timed-out')
  expect(slack.notices(slack.people.approver)[0]?.text).toContain('Operation timed out')
  expect((await slack.slash(slack.people.approver, '/maillimit', 'help')).outcome).toBe('timed-out')
  expect(slack.notices(slack.people.approver)[1]?.text).toBe(
    '/maillimit failed with the error "operation_timeout"',
  )
})

test('App Home is published when it is opened', async () => {
  await using running = await runBolt((app) => {
    app.event('app_home_opened', async ({ event, client }) => {
      await client.views.publish({
        user_id: event.user,
        view: { type: 'home', blocks: [{ type: 'section', text: { type: 'plain_text', text: 'hosts' } }] },
      })
    })
  })
  const { slack } = running
  await slack.openHome(slack.people.member)
  const home = await slack.untilHome(slack.people.member, 'the Home tab', () => true)
  expect(home.blocks[0]).toMatchObject({ text: { text: 'hosts' } })
  expect(slack.home(slack.people.approver)).toBeUndefined()
})
