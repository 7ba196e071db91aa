/** In text from outside, so that it is recognised wherever it ends up. */
export const canary = 'zqxj'

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u
const ourPeople = new Set(['U0APPROVER1', 'U0MEMBER001'])

/** Everything in blocks or a view that could act: markup, a mention, a link, an emoji, or unseen characters. */
export function dangers(value: unknown, where = ''): readonly string[] {
  if (typeof value === 'string') {
    // Code keeps its line breaks.
    return unseen.test(value.replaceAll('\n', ''))
      ? [`${where}: unseen characters in ${JSON.stringify(value.slice(0, 60))}`]
      : []
  }
  if (Array.isArray(value)) return value.flatMap((entry, index) => dangers(entry, `${where}/${index}`))
  if (typeof value !== 'object' || value === null) return []
  const node = value as Readonly<Record<string, unknown>>
  return [
    ...ofNode(node, where),
    ...Object.entries(node).flatMap(([key, entry]) => dangers(entry, `${where}/${key}`)),
  ]
}

function ofNode(node: Readonly<Record<string, unknown>>, where: string): readonly string[] {
  const text = JSON.stringify(node['text'] ?? '')
  switch (node['type']) {
    case 'mrkdwn':
      if (node['verbatim'] !== true) return [`${where}: mrkdwn that is not verbatim`]
      return text.includes(canary) ? [`${where}: text from outside in mrkdwn: ${text.slice(0, 80)}`] : []
    case 'plain_text':
      return node['emoji'] === false ? [] : [`${where}: plain text with emoji`]
    case 'user':
      return ourPeople.has(String(node['user_id']))
        ? []
        : [`${where}: a mention of ${String(node['user_id'])}`]
    case 'link':
    case 'broadcast':
    case 'channel':
    case 'usergroup':
    case 'team':
    case 'emoji':
    case 'markdown':
    case 'image':
    case 'video':
      return [`${where}: ${node['type']}`]
    default:
      return 'url' in node || 'image_url' in node ? [`${where}: an address`] : []
  }
}

/** The top-level text, where Slack's own markup is not switched off for all clients. */
export function dangersOfFallback(text: string): readonly string[] {
  const found: string[] = []
  if (/[<>]/.test(text)) found.push('an unescaped bracket')
  if (/&(?!amp;|lt;|gt;)/.test(text)) found.push('a halved entity')
  if (/[*`~]/.test(text)) found.push('markup')
  if (/(?:^|[^\p{L}\p{N}])_|_(?:$|[^\p{L}\p{N}])/u.test(text))
    found.push('an underscore that could be markup')
  if (unseen.test(text)) found.push('unseen characters')
  return found
}
