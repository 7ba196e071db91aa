import { expect, test } from 'vitest'
import { createDirectory } from '../../dev/slack/directory.ts'
import { createFeed } from '../../dev/slack/feed.ts'
import { renderedMentions } from '../../dev/slack/mentions.ts'
import type { Content } from '../../dev/slack/messages.ts'

const directory = createDirectory(createFeed())
const targets = (content: Partial<Content>) =>
  renderedMentions(content, directory).all.map(({ kind, target }) => `${kind} ${target}`)
const section = (text: object) => ({ blocks: [{ type: 'section', text }] })

test.each<[string, string[]]>([
  ['<!channel>', ['broadcast channel']],
  ['<!here|here>', ['broadcast here']],
  ['<@U0APPROVER1>', ['user U0APPROVER1']],
  ['<!subteam^S0APPROVERS|@mail-approvers>', ['group S0APPROVERS']],
  ['<#C0MAILOPS01|mail-ops>', ['channel C0MAILOPS01']],
  ['<https://evil.example|your bank>', ['link https://evil.example']],
  ['<mailto:a@b.example|a>', ['link mailto:a@b.example']],
  [':rotating_light:', ['emoji rotating_light']],
  ['&lt;!channel&gt; &lt;@U0APPROVER1&gt;', []],
  ['12:30:45 imap-login: Info: user=&lt;taro&gt;', []],
])('%s in mrkdwn with verbatim', (text, expected) => {
  expect(targets(section({ type: 'mrkdwn', text, verbatim: true }))).toEqual(expected)
})

test.each<[string, string[]]>([
  ['@here @channel @everyone', ['broadcast here', 'broadcast channel', 'broadcast everyone']],
  ['ask @hana or @mail-approvers', ['user U0APPROVER1', 'group S0APPROVERS']],
  ['see #mail-ops', ['channel C0MAILOPS01']],
  ['see https://evil.example/x', ['link https://evil.example/x']],
  ['user=taro@example.com', ['link taro@example.com']],
  ['@nobody #nothing', []],
])('%s in mrkdwn is found unless verbatim is set', (text, expected) => {
  expect(targets(section({ type: 'mrkdwn', text }))).toEqual(expected)
  expect(targets(section({ type: 'mrkdwn', text, verbatim: true }))).toEqual([])
})

test('the top-level text depends on parse and link_names', () => {
  const text = '@channel https://evil.example'
  expect(targets({ text, parse: 'none' })).toEqual([])
  expect(targets({ text })).toEqual(['link https://evil.example'])
  expect(targets({ text, parse: 'none', linkNames: true })).toEqual(['broadcast channel'])
  expect(targets({ text, parse: 'client' })).toEqual(['link https://evil.example', 'broadcast channel'])
  expect(targets({ text: '<!channel>', parse: 'none' })).toEqual(['broadcast channel'])
  expect(targets({ text: '<!channel>', mrkdwn: false })).toEqual([])
})

test('plain text, raw text, rich text and task titles are inert, but for emoji', () => {
  const text = '<!channel> @here https://evil.example <@U0APPROVER1> :tada:'
  expect(targets(section({ type: 'plain_text', text }))).toEqual(['emoji tada'])
  expect(targets(section({ type: 'plain_text', text, emoji: false }))).toEqual([])
  const rich = {
    type: 'rich_text',
    elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
  }
  const task = { type: 'task_card', task_id: 't', title: text, status: 'pending', details: rich }
  expect(
    targets({
      blocks: [
        { type: 'table', rows: [[{ type: 'raw_text', text }, rich]] },
        { type: 'plan', title: text, tasks: [task] },
      ],
    }),
  ).toEqual([])
})

test('rich text mentions by its elements', () => {
  const elements = [
    { type: 'user', user_id: 'U1' },
    { type: 'usergroup', usergroup_id: 'S1' },
    { type: 'broadcast', range: 'here' },
    { type: 'link', url: 'https://a.example' },
  ]
  const blocks = [
    {
      type: 'container',
      child_blocks: [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] }],
    },
  ]
  const found = renderedMentions({ blocks }, directory)
  expect(found).toMatchObject({
    users: ['U1'],
    groups: ['S1'],
    broadcasts: ['here'],
    links: ['https://a.example'],
  })
  expect(found.all[0]?.where).toBe('/blocks/0/child_blocks/0/elements/0/elements/0')
})
