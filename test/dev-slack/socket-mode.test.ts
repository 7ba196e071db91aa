import { SocketModeClient } from '@slack/socket-mode'
import { expect, test } from 'vitest'
import type { DisconnectReason } from '../../dev/slack/socket-mode.ts'
import { startWorkspace, type Workspace, type WorkspaceSettings } from '../../dev/slack/workspace.ts'
import { silentLogger } from './silent-logger.ts'

/**
 * A workspace and as many real socket clients as wanted. They reconnect after `pongWithinMs`; they also do so when a
 * pong takes longer, as it may on a busy machine, so only tests that wait for a reconnection set it low.
 */
async function connect(
  count: number,
  settings: WorkspaceSettings = {},
  pongWithinMs = 20_000,
): Promise<{ slack: Workspace; clients: SocketModeClient[] } & AsyncDisposable> {
  const slack = await startWorkspace({ lingerMs: 20, ackWithinMs: 20_000, ...settings })
  const clients = Array.from({ length: count }, () => socketClient(slack, pongWithinMs))
  await Promise.all(clients.map((client) => client.start()))
  return {
    slack,
    clients,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.disconnect()))
      await slack.close()
    },
  }
}

function socketClient(
  slack: Workspace,
  clientPingTimeout = 20_000,
  autoReconnectEnabled = true,
): SocketModeClient {
  return new SocketModeClient({
    appToken: slack.appToken,
    logger: silentLogger,
    clientPingTimeout,
    autoReconnectEnabled,
    clientOptions: { slackApiUrl: slack.apiUrl },
  })
}

type Incoming = {
  ack: (answer?: unknown) => Promise<void>
  body: { text?: string }
  retry_num?: number
  envelope_id: string
}

test.each([
  'warning',
  'refresh_requested',
  'link_disabled',
  'too_many_websockets',
] satisfies DisconnectReason[])('the client comes back after a disconnect for %s', async (reason) => {
  await using running = await connect(1, {}, 2000)
  const { slack, clients } = running
  clients[0]?.on('slash_commands', ({ ack }: Incoming) => void ack({ text: 'here' }))
  slack.sockets.disconnect(reason)
  expect(slack.sockets.open).toBe(0)
  expect((await slack.slash(slack.people.member, '/maillimit', 'help')).outcome).toBe('no-connection')
  expect(slack.notices(slack.people.member)[0]?.text).toBe(
    '/maillimit failed with the error "dispatch_failed"',
  )
  await slack.untilConnected(1)
  expect(slack.sockets.total).toBe(2)
  expect((await slack.slash(slack.people.member, '/maillimit', 'help')).outcome).toBe('acknowledged')
  expect(slack.ephemerals(slack.people.member)[0]?.text).toBe('here')
})

test('the client comes back after the network was cut', async () => {
  await using running = await connect(1, {}, 2000)
  const { slack, clients } = running
  clients[0]?.on('slash_commands', ({ ack }: Incoming) => void ack())
  slack.sockets.cut()
  await slack.until('the cut', () => (slack.sockets.open === 0 ? true : undefined))
  await slack.untilConnected(1)
  expect(slack.sockets.total).toBe(2)
  expect((await slack.slash(slack.people.member, '/maillimit', 'help')).outcome).toBe('acknowledged')
})

test('each envelope goes to one of the connections', async () => {
  await using running = await connect(3)
  const { slack, clients } = running
  const got = clients.map(() => 0)
  for (const [index, client] of clients.entries()) {
    client.on('slash_commands', ({ ack }: Incoming) => {
      got[index] = (got[index] ?? 0) + 1
      void ack()
    })
  }
  for (let index = 0; index < 6; index += 1)
    await slack.slash(slack.people.member, '/maillimit', String(index))
  expect(got).toEqual([2, 2, 2])
})

test('an eleventh connection is told that there are too many', async () => {
  await using running = await connect(10)
  const { slack } = running
  expect(slack.sockets.open).toBe(10)
  // Disconnecting a client in the middle of its reconnection is an unhandled rejection, so this one does not try.
  const eleventh = socketClient(slack, undefined, false)
  const reasons: string[] = []
  eleventh.on('ws_message', (data: Buffer) => {
    const { reason } = JSON.parse(data.toString()) as { reason?: string }
    if (reason !== undefined) reasons.push(reason)
  })
  eleventh.start().catch(() => {})
  await slack.until('the eleventh', () => (slack.sockets.total >= 11 ? true : undefined))
  await expect.poll(() => reasons[0]).toBe('too_many_websockets')
  expect(slack.sockets.open).toBe(10)
  await eleventh.disconnect()
})

test('without hello the client never becomes ready', async () => {
  await using running = await connect(0)
  const { slack } = running
  slack.sockets.failNext('no-hello')
  const client = socketClient(slack)
  const started = client.start()
  started.catch(() => {})
  const first = await Promise.race([
    started.then(() => 'ready'),
    new Promise((resolve) => setTimeout(resolve, 150, 'waiting')),
  ])
  expect(first).toBe('waiting')
  expect(slack.sockets.open).toBe(0)
  await client.disconnect()
})

test('an event is sent again until it is acknowledged, and says so', async () => {
  await using running = await connect(1, { eventRetriesMs: [0, 20, 20], ackWithinMs: 2000 })
  const { slack, clients } = running
  const attempts: unknown[] = []
  clients[0]?.on('app_home_opened', ({ ack, retry_num: attempt }: Incoming) => {
    attempts.push(attempt)
    if (attempts.length === 3) void ack()
  })
  expect((await slack.openHome(slack.people.member)).outcome).toBe('acknowledged')
  expect(attempts).toEqual([0, 1, 2])
  const ids = slack.envelopes.all().map((envelope) => envelope.payload['event_id'])
  expect(new Set(ids).size).toBe(1)
})

test('a click is never sent again, and a late acknowledgement is noted as late', async () => {
  await using running = await connect(1, { ackWithinMs: 50 })
  const { slack, clients } = running
  clients[0]?.on('slash_commands', ({ ack }: Incoming) =>
    setTimeout(() => void ack({ text: 'too late' }), 100),
  )
  expect((await slack.slash(slack.people.member, '/maillimit', 'help')).outcome).toBe('timed-out')
  const envelope = await slack.until('the late acknowledgement', () =>
    slack.envelopes.all().find((other) => other.late),
  )
  expect(envelope.sent).toBe(true)
  expect(slack.envelopes.all()).toHaveLength(1)
  expect(slack.ephemerals(slack.people.member)).toEqual([])
})

test('a duplicated envelope arrives twice under one id', async () => {
  await using running = await connect(2)
  const { slack, clients } = running
  const ids: string[] = []
  for (const client of clients) {
    client.on('slash_commands', ({ ack, envelope_id: id }: Incoming) => {
      ids.push(id)
      void ack()
    })
  }
  slack.envelopes.duplicateNext()
  await slack.slash(slack.people.member, '/maillimit', 'help')
  await expect.poll(() => ids.length).toBe(2)
  expect(ids[0]).toBe(ids[1])
})

test('an address in a command may come as a mailto link', async () => {
  await using running = await connect(1, { emailsAs: 'mailto' })
  const { slack, clients } = running
  const texts: unknown[] = []
  clients[0]?.on('slash_commands', ({ ack, body }: Incoming) => {
    texts.push(body.text)
    void ack()
  })
  await slack.slash(slack.people.member, '/maillimit', 'status taro@example.com')
  expect(texts).toEqual(['status <mailto:taro@example.com|taro@example.com>'])
})
