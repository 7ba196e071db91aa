import { expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { startWorkspace } from '../../dev/slack/workspace.ts'
import { runBolt } from './bolt-app.ts'

const alert = {
  text: 'alert',
  blocks: [
    {
      type: 'actions',
      elements: [
        { type: 'button', action_id: 'raise', text: { type: 'plain_text', text: 'Raise' } },
        {
          type: 'static_select',
          action_id: 'snooze',
          options: [{ text: { type: 'plain_text', text: '1 h' }, value: '1h' }],
        },
      ],
    },
  ],
}

async function control(url: string, name: string, body?: unknown, headers: Record<string, string> = {}) {
  const request = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers }
  const response = await fetch(`${url}/control/${name}`, request)
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown> & { length: number },
  }
}

test('another process sees and does everything over HTTP', async () => {
  const chosen: unknown[] = []
  await using running = await runBolt((app) => {
    app.action('raise', async ({ ack, respond }) => {
      await ack()
      await respond({ text: 'not you', replace_original: false, response_type: 'ephemeral' })
    })
    app.action('snooze', async ({ ack, action }) => {
      chosen.push(action)
      await ack()
    })
    app.command('/maillimit', async ({ ack }) => ack('help'))
  })
  const { slack, app } = running
  const { member } = slack.people
  const { ts } = await app.client.chat.postMessage({ channel: slack.channelId, ...alert })
  const say = (name: string, body: unknown) => control(slack.url, name, body)
  expect(await say('click', { user: member, ts, action: 'raise' })).toMatchObject({
    status: 200,
    body: { outcome: 'acknowledged' },
  })
  await slack.untilEphemeral(member, 'the refusal', (message) => message.text === 'not you')
  await say('click', { user: member, ts, action: 'snooze', choose: '1h' })
  expect(chosen).toMatchObject([{ type: 'static_select', selected_option: { value: '1h' } }])
  await say('slash', { user: member, text: 'help' })
  expect((await control(slack.url, `ephemerals?user=${member}`)).body).toMatchObject([
    { text: 'not you' },
    { text: 'help' },
  ])
  expect((await control(slack.url, `state?user=${member}`)).body).toMatchObject({
    isMember: true,
    messages: [{ ts }],
  })
  expect((await control(slack.url, `state?user=${slack.people.outsider}`)).body).toMatchObject({
    isMember: false,
    messages: [],
  })
  expect((await say('click', { user: member, ts, action: 'nope' })).body['error']).toContain(
    'there are: raise, snooze',
  )
  expect((await say('click', { user: 7 })).status).toBe(400)
  expect((await say('dance', {})).status).toBe(404)
  await say('faults', { kind: 'error', error: 'fatal_error', method: 'auth.test' })
  await expect(app.client.auth.test()).rejects.toMatchObject({ data: { error: 'fatal_error' } })
  await say('delete', { user: member, ts })
  expect(slack.messages()).toEqual([])
})

test('a foreign page cannot act', async () => {
  await using slack = await startWorkspace()
  const answer = await control(
    slack.url,
    'say',
    { user: slack.people.member, text: 'x' },
    { origin: 'https://evil.example' },
  )
  expect(answer.status).toBe(403)
  expect(slack.messages()).toEqual([])
})

test('a panel button runs what the demonstration gave it', async () => {
  const run = async () => 'done'
  const panel = [{ id: 'provoke', label: 'Provoke', description: 'Makes a hit', run }]
  await using slack = await startWorkspace({ panel })
  expect((await control(slack.url, `state?user=${slack.people.member}`)).body['panel']).toEqual([
    { id: 'provoke', label: 'Provoke', description: 'Makes a hit' },
  ])
  expect((await control(slack.url, 'panel/provoke', {})).body).toEqual({ text: 'done' })
})

test('changes are told as they happen', async () => {
  await using slack = await startWorkspace()
  const response = await fetch(`${slack.url}/control/events`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  await reader?.read()
  slack.say(slack.people.member, 'hello')
  expect((await reader?.read())?.value).toMatch(/^event: message\ndata: \{"ts":/)
  await reader?.cancel()
})

test('a response_url answers five times, for thirty minutes', async () => {
  await using running = await runBolt((app) => app.command('/maillimit', async ({ ack }) => ack()))
  const { slack } = running
  await slack.slash(slack.people.member, '/maillimit', 'help')
  const url = String(slack.envelopes.all()[0]?.payload['response_url'])
  const answer = async (body: object) => {
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
    return response.json()
  }
  expect(await answer({ text: 'public', response_type: 'in_channel' })).toEqual({ ok: true })
  expect(await answer({ blocks: [{ type: 'nope' }] })).toMatchObject({ ok: false, error: 'invalid_blocks' })
  for (let use = 0; use < 3; use += 1) await answer({ text: 'private' })
  expect(await answer({ text: 'x' })).toEqual({ ok: false, error: 'used_url' })
  expect(slack.messages().map((message) => message.text)).toEqual(['public'])
  expect(slack.ephemerals(slack.people.member)).toHaveLength(3)
})

test('a closed workspace leaves neither timers nor sockets behind', async () => {
  const timers = new Set<() => void>()
  const clock: Clock = {
    now: () => systemClock.now(),
    after(delayMs, run) {
      const stop = () => {
        timers.delete(stop)
        cancel()
      }
      const cancel = systemClock.after(delayMs, () => {
        timers.delete(stop)
        run()
      })
      timers.add(stop)
      return stop
    },
  }
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))
  const slack = await startWorkspace({ clock })
  slack.faults.add({ kind: 'hang' })
  slack.faults.add({ kind: 'slow', delayMs: 60_000 })
  const calls = [1, 2].map(async () => fetch(`${slack.apiUrl}auth.test`).catch(() => 'broken'))
  await slack.until('both calls', () => (slack.calls.length === 2 ? true : undefined))
  void slack.openHome(slack.people.member)
  await slack.until('the event', () => slack.envelopes.all()[0])
  expect(timers.size).toBeGreaterThan(0)
  await slack.close()
  expect(await Promise.all(calls)).toEqual(['broken', 'broken'])
  expect(timers.size).toBe(0)
  await expect.poll(sockets).toEqual([])
})

test('what is asked twice with one id, as by a page whose connection broke, is done once', async () => {
  await using slack = await startWorkspace()
  const user = slack.people.member
  const say = (id: string) => control(slack.url, 'say', { user, text: 'hello' }, { 'x-request-id': id })
  const [first, again] = await Promise.all([say('one'), say('one')])
  expect(again).toEqual(first)
  expect(slack.messages()).toHaveLength(1)
  await say('two')
  expect(slack.messages()).toHaveLength(2)
  const refused = { user, text: '' }
  for (let i = 0; i < 2; i++)
    expect((await control(slack.url, 'say', refused, { 'x-request-id': 'three' })).status).toBe(400)
})
