import type { Directory } from './directory.ts'
import type { Content } from './messages.ts'

type Mention = {
  readonly kind: 'user' | 'group' | 'channel' | 'broadcast' | 'link' | 'emoji'
  /** A user's, group's or channel's id, `here`, `channel`, `everyone`, a URL, the name of an emoji. */
  readonly target: string
  /** JSON pointer to the text in which it stands. */
  readonly where: string
}

/** What real Slack would make of a message: whom it would notify, and what it would turn into links. */
export type RenderedMentions = {
  readonly all: readonly Mention[]
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly channels: readonly string[]
  readonly broadcasts: readonly string[]
  readonly links: readonly string[]
  readonly emoji: readonly string[]
}

type Auto = { readonly links: boolean; readonly names: boolean }

/** Errs on the side of seeing too much: `code` protects nothing, and the fallback text counts although blocks stand. */
export function renderedMentions(content: Partial<Content>, directory: Directory): RenderedMentions {
  const all: Mention[] = []
  const { text = '', parse, linkNames = false, mrkdwn = true, blocks = [], attachments = [] } = content
  if (mrkdwn) {
    const auto = { links: parse !== 'none', names: linkNames || parse === 'full' || parse === 'client' }
    fromMrkdwn(text, auto, '/text', directory, all)
  }
  walk(blocks, '/blocks', directory, all)
  walk(attachments, '/attachments', directory, all)
  const of = (kind: Mention['kind']) =>
    all.filter((mention) => mention.kind === kind).map(({ target }) => target)
  return {
    all,
    users: of('user'),
    groups: of('group'),
    channels: of('channel'),
    broadcasts: of('broadcast'),
    links: of('link'),
    emoji: of('emoji'),
  }
}

function walk(value: unknown, where: string, directory: Directory, all: Mention[]): void {
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries()) walk(entry, `${where}/${index}`, directory, all)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const node = value as Readonly<Record<string, unknown>>
  fromNode(node, where, directory, all)
  for (const [name, entry] of Object.entries(node)) walk(entry, `${where}/${name}`, directory, all)
}

/** What one object of the block tree says by itself. raw_text, rich text's `text` and task titles are inert. */
function fromNode(
  node: Readonly<Record<string, unknown>>,
  where: string,
  directory: Directory,
  all: Mention[],
): void {
  const { type, text } = node
  const add = (kind: Mention['kind'], target: unknown) => all.push({ kind, target: String(target), where })
  if (type === 'mrkdwn' && typeof text === 'string') {
    const auto = node['verbatim'] !== true
    fromMrkdwn(text, { links: auto, names: auto }, where, directory, all)
  } else if (type === 'markdown' && typeof text === 'string') {
    fromMrkdwn(text, { links: true, names: true }, where, directory, all)
  } else if (type === 'plain_text' && typeof text === 'string') {
    if (node['emoji'] !== false) fromEmoji(text, where, all)
  } else if (type === 'user') add('user', node['user_id'])
  else if (type === 'usergroup') add('group', node['usergroup_id'])
  else if (type === 'channel') add('channel', node['channel_id'])
  else if (type === 'broadcast') add('broadcast', node['range'])
  else if (type === 'emoji') add('emoji', node['name'])
  else if (
    (type === 'link' || type === 'url' || type === 'button' || type === 'date') &&
    node['url'] !== undefined
  ) {
    add('link', node['url'])
  }
}

function fromMrkdwn(text: string, auto: Auto, where: string, directory: Directory, all: Mention[]): void {
  const markup = /<([^<>\n]+)>/g
  for (const [, inside = ''] of text.matchAll(markup)) {
    const mention = fromMarkup(inside, where)
    if (mention !== undefined) all.push(mention)
  }
  const bare = decoded(text.replace(markup, ' '))
  if (auto.links) for (const [url] of bare.matchAll(bareLink)) all.push({ kind: 'link', target: url, where })
  if (auto.names) fromNames(bare, where, directory, all)
  fromEmoji(bare, where, all)
}

/** Addresses of any kind, mail addresses and bare domains: real Slack links all of these. */
const bareLink =
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s<>]+|\bmailto:[^\s<>]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\bwww\.[^\s<>]+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|de|jp)\b[^\s<>]*/gi

function fromMarkup(inside: string, where: string): Mention | undefined {
  const [target = ''] = inside.split('|')
  const [, user] = /^@([UW][A-Z0-9]+)$/.exec(target) ?? []
  if (user !== undefined) return { kind: 'user', target: user, where }
  const [, channel] = /^#([CG][A-Z0-9]+)$/.exec(target) ?? []
  if (channel !== undefined) return { kind: 'channel', target: channel, where }
  const [, group] = /^!subteam\^(S[A-Z0-9]+)/.exec(target) ?? []
  if (group !== undefined) return { kind: 'group', target: group, where }
  const [, range] = /^!(here|channel|everyone|group)$/.exec(target) ?? []
  if (range !== undefined) return { kind: 'broadcast', target: range === 'group' ? 'channel' : range, where }
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return { kind: 'link', target, where }
  return undefined
}

function fromNames(text: string, where: string, directory: Directory, all: Mention[]): void {
  for (const [, name = ''] of text.matchAll(/(?<![\w.+-])@([\w.-]+)/g)) {
    const bare = name.toLowerCase()
    const person = directory.people().find((other) => other.name === bare)
    const group = directory.groups().find((other) => other.handle === bare)
    if (/^(?:here|channel|everyone)\b/.test(bare))
      all.push({ kind: 'broadcast', target: bare.match(/^[a-z]+/)?.[0] ?? bare, where })
    else if (group !== undefined) all.push({ kind: 'group', target: group.id, where })
    else if (person !== undefined) all.push({ kind: 'user', target: person.id, where })
  }
  for (const [, name = ''] of text.matchAll(/(?<!\w)#([\w-]+)/g)) {
    const channel = directory.channels().find((other) => other.name === name.toLowerCase())
    if (channel !== undefined) all.push({ kind: 'channel', target: channel.id, where })
  }
}

function fromEmoji(text: string, where: string, all: Mention[]): void {
  for (const [, name = ''] of text.matchAll(/(?<!\w):([a-z0-9_+-]*[a-z_+-][a-z0-9_+-]*):/g))
    all.push({ kind: 'emoji', target: name, where })
}

function decoded(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
