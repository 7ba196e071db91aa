import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { manifestScopes } from '../../dev/slack/tokens.ts'
import { refusal, startWithClient, webClient } from './web-client.ts'

const text = { text: 'hello' }
const section = { type: 'section', text: { type: 'plain_text', text: 'hello' } } as const

test('each kind of token opens its own doors only', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  expect(await web.auth.test()).toMatchObject({
    user_id: slack.people.bot,
    bot_id: 'B0MAILLIMIT',
    team_id: 'T0LOCAL0001',
  })
  expect(await refusal(webClient(slack, undefined).auth.test())).toMatchObject({ error: 'not_authed' })
  expect(await refusal(webClient(slack, 'xoxb-wrong').auth.test())).toMatchObject({ error: 'invalid_auth' })
  expect(await refusal(web.apps.connections.open({}))).toMatchObject({ error: 'not_allowed_token_type' })
  const appClient = webClient(slack, slack.appToken)
  expect(await appClient.apps.connections.open({})).toMatchObject({
    url: expect.stringMatching(/^ws:/) as unknown,
  })
  expect(await refusal(appClient.users.info({ user: slack.people.member }))).toMatchObject({
    error: 'not_allowed_token_type',
  })
  slack.tokens.setBotScopes(['chat:write'])
  expect(await refusal(web.users.info({ user: slack.people.member }))).toMatchObject({
    error: 'missing_scope',
    needed: 'users:read',
    provided: 'chat:write',
  })
  expect(await refusal(web.conversations.info({ channel: slack.channelId }))).toMatchObject({
    needed: 'groups:read',
  })
  slack.tokens.revoke('bot')
  expect(await refusal(web.auth.test())).toMatchObject({ error: 'token_revoked' })
  expect(await refusal(web.apiCall('chat.shout'))).toMatchObject({ error: 'unknown_method' })
})

test('the app has what its manifest asks for', async () => {
  const manifest = await readFile(new URL('../../manifest.yml', import.meta.url), 'utf8')
  const asked = [...manifest.matchAll(/^ {6}- ([a-z]+(?::[a-z]+)?)$/gm)].map(([, scope]) => scope)
  expect(manifestScopes.toSorted()).toEqual(asked.filter((scope) => scope !== undefined).toSorted())
})

test('the directory tells guests, strangers, bots and the deactivated apart', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  const flags = async (user: string) => (await web.users.info({ user })).user
  expect(await flags(slack.people.guest)).toMatchObject({ is_restricted: true, is_ultra_restricted: false })
  expect(await flags(slack.people.singleChannelGuest)).toMatchObject({
    is_restricted: true,
    is_ultra_restricted: true,
  })
  expect(await flags(slack.people.stranger)).toMatchObject({ is_stranger: true, team_id: 'T0OTHER0001' })
  expect(await flags(slack.people.robot)).toMatchObject({ is_bot: true })
  expect(await flags(slack.people.deactivated)).toMatchObject({ deleted: true })
  expect(await refusal(web.users.info({ user: 'U0NOBODY' }))).toMatchObject({ error: 'user_not_found' })
  const group = slack.environment['SLACK_APPROVERS'] ?? ''
  const { approver, secondApprover } = slack.people
  expect((await web.usergroups.users.list({ usergroup: group })).users).toEqual([approver, secondApprover])
  slack.directory.setGroup(group, [approver])
  expect((await web.usergroups.users.list({ usergroup: group })).users).toEqual([approver])
  expect(await refusal(web.usergroups.users.list({ usergroup: 'S0' }))).toMatchObject({
    error: 'no_such_subteam',
  })
})

test('a channel shows what it is, and closes when the bot is removed', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  const channel = slack.channelId
  expect((await web.conversations.info({ channel })).channel).toMatchObject({
    is_private: true,
    is_member: true,
    is_ext_shared: false,
  })
  slack.directory.changeChannel(channel, { isExtShared: true })
  expect((await web.conversations.info({ channel })).channel).toMatchObject({ is_ext_shared: true })
  const { members, response_metadata: next } = await web.conversations.members({ channel, limit: 3 })
  expect(members).toHaveLength(3)
  const rest = await web.conversations.members({ channel, limit: 100, cursor: next?.next_cursor ?? '' })
  expect([...(members ?? []), ...(rest.members ?? [])]).toEqual(slack.directory.channel(channel)?.members)
  const direct = web.chat.postMessage({ channel: slack.people.member, ...text })
  expect(await refusal(direct)).toMatchObject({ error: 'messages_tab_disabled' })
  slack.directory.leave(channel, slack.people.bot)
  expect(await refusal(web.chat.postMessage({ channel, ...text }))).toMatchObject({
    error: 'channel_not_found',
  })
  slack.directory.changeChannel(channel, { isPrivate: false })
  expect(await refusal(web.chat.postMessage({ channel, ...text }))).toMatchObject({ error: 'not_in_channel' })
})

test('an update with text alone drops the blocks, and metadata stays', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  const channel = slack.channelId
  const metadata = { event_type: 'alert', event_payload: { id: 'a-1' } }
  const { ts = '' } = await web.chat.postMessage({ channel, ...text, blocks: [section], metadata })
  await web.chat.update({ channel, ts, text: 'new', blocks: [section] })
  expect(slack.message(ts)?.blocks).toHaveLength(1)
  await web.chat.update({ channel, ts, text: 'newest' })
  expect(slack.message(ts)).toMatchObject({ text: 'newest', blocks: [], metadata })
  const plain = await web.conversations.history({ channel })
  expect(plain.messages?.[0]).not.toHaveProperty('metadata')
  const full = await web.conversations.history({ channel, include_all_metadata: true })
  expect(full.messages?.[0]).toMatchObject({
    ts,
    text: 'newest',
    metadata,
    edited: { user: slack.people.bot },
  })
})

test('threads, permalinks and deletion', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  const channel = slack.channelId
  const { ts = '' } = await web.chat.postMessage({ channel, ...text })
  const reply = await web.chat.postMessage({ channel, text: 'step 1', thread_ts: ts })
  await web.chat.postMessage({ channel, text: 'step 2', thread_ts: reply.ts ?? '' })
  expect(slack.replies(ts).map((message) => message.text)).toEqual(['step 1', 'step 2'])
  const { messages } = await web.conversations.replies({ channel, ts })
  expect(messages?.map((message) => message.text)).toEqual(['hello', 'step 1', 'step 2'])
  expect(messages?.[0]).toMatchObject({ reply_count: 2, thread_ts: ts })
  const { permalink } = await web.chat.getPermalink({ channel, message_ts: ts })
  expect(permalink).toBe(`${slack.url}/archives/${channel}/p${ts.replace('.', '')}`)
  slack.deleteMessage(slack.people.approver, ts)
  expect(await refusal(web.chat.update({ channel, ts, ...text }))).toMatchObject({
    error: 'message_not_found',
  })
  expect((await web.conversations.history({ channel })).messages?.[0]).toMatchObject({ subtype: 'tombstone' })
  expect(await refusal(web.chat.postMessage({ channel, ...text, thread_ts: '1.1' }))).toMatchObject({
    error: 'thread_not_found',
  })
})

test('an ephemeral is seen by one person and cannot be updated', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  const channel = slack.channelId
  const { member, approver, outsider } = slack.people
  const { message_ts: ts = '' } = await web.chat.postEphemeral({ channel, user: member, text: 'only you' })
  expect(slack.ephemerals(member).map((message) => message.text)).toEqual(['only you'])
  expect(slack.ephemerals(approver)).toEqual([])
  expect(await refusal(web.chat.update({ channel, ts, ...text }))).toMatchObject({
    error: 'message_not_found',
  })
  expect(await refusal(web.chat.postEphemeral({ channel, user: outsider, text: 'x' }))).toMatchObject({
    error: 'user_not_in_channel',
  })
  expect((await web.conversations.history({ channel })).messages).toEqual([])
})

test('what a message cannot be is refused in Slack’s words', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  const channel = slack.channelId
  expect(await refusal(web.chat.postMessage({ channel } as never))).toMatchObject({ error: 'no_text' })
  expect(await refusal(web.chat.postMessage({ channel, text: 'x'.repeat(4001) }))).toMatchObject({
    error: 'msg_too_long',
  })
  const tooMuch = Array.from({ length: 5 }, () => ({
    type: 'section',
    text: { type: 'mrkdwn', text: 'x'.repeat(2900) },
  }))
  expect(await refusal(web.chat.postMessage({ channel, ...text, blocks: tooMuch }))).toMatchObject({
    error: 'msg_blocks_too_long',
  })
  expect(await refusal(web.apiCall('chat.postMessage', { channel, blocks: '{"no' }))).toMatchObject({
    error: 'invalid_blocks_format',
  })
  const bad = await refusal(
    web.chat.postMessage({
      channel,
      ...text,
      blocks: [{ type: 'section', text: { type: 'html', text: 'x' } } as never],
    }),
  )
  expect(bad).toMatchObject({
    ok: false,
    error: 'invalid_blocks',
    response_metadata: { messages: ['[ERROR] unsupported type: html [json-pointer:/blocks/0/text/type]'] },
    errors: [
      {
        code: 'failed_constraint',
        field: 'type',
        pointer: '/blocks/0/text/type',
        constraint: { type: 'enum', expected: ['plain_text', 'mrkdwn'] },
      },
    ],
  })
  expect(slack.messages()).toEqual([])
})

test('blocks.validate answers without a token', async () => {
  await using running = await startWithClient()
  const { slack } = running
  const nobody = webClient(slack, undefined)
  const validate = (args: Record<string, unknown>) => nobody.apiCall('blocks.validate', args)
  expect(await validate({ blocks: [section] })).toMatchObject({ ok: true })
  expect(
    await refusal(validate({ blocks: [{ type: 'section', text: { type: 'invalid', text: 'x' } }] })),
  ).toMatchObject({
    error: 'invalid_blocks',
    errors: [{ code: 'failed_constraint', message: 'unsupported type: invalid', pointer: '/0/text/type' }],
  })
  expect(await refusal(validate({ view: { type: 'modal', blocks: [] } }))).toMatchObject({
    error: 'invalid_view',
  })
  expect(await refusal(validate({}))).toMatchObject({ error: 'invalid_arguments' })
})

test('a file goes up in two steps and stands in the thread', async () => {
  await using running = await startWithClient({ scopes: [...manifestScopes, 'files:write'] })
  const { slack, web } = running
  const { ts = '' } = await web.chat.postMessage({ channel: slack.channelId, ...text })
  const file = { filename: 'plan.diff', file: Buffer.from('-10\n+20\n'), title: 'The diff' }
  await web.filesUploadV2({
    channel_id: slack.channelId,
    thread_ts: ts,
    initial_comment: 'the whole diff',
    file_uploads: [file],
  })
  expect(slack.replies(ts)[0]).toMatchObject({
    text: 'the whole diff',
    files: [{ name: 'plan.diff', title: 'The diff', content: '-10\n+20\n' }],
  })
})
