import { h } from './dom.js'
import { withEmoji } from './emoji.js'
import { link, mention } from './mrkdwn.js'

/** @import { Child, Json } from './dom.js' */

/**
 * A rich_text block. A preformatted part with lines that start with + or - is coloured as a diff.
 * @param {Json} block
 * @param {Json} names
 */
export function richText(block, names) {
  return h(
    'div',
    { className: 'rich-text' },
    ...block['elements'].map((/** @type {Json} */ part) => partOf(part, names)),
  )
}

/** @param {Json} part @param {Json} names @returns {Child} */
function partOf(part, names) {
  const words = () => part['elements'].map((/** @type {Json} */ element) => inline(element, names))
  switch (part['type']) {
    case 'rich_text_preformatted':
      return h(
        'pre',
        {},
        ...diffLines(
          part['elements'].map((/** @type {Json} */ element) => element['text'] ?? element['url']).join(''),
        ),
      )
    case 'rich_text_quote':
      return h('blockquote', {}, ...words())
    case 'rich_text_list': {
      const tag = part['style'] === 'ordered' ? 'ol' : 'ul'
      const items = part['elements'].map((/** @type {Json} */ item) => h('li', {}, partOf(item, names)))
      return h(tag, { style: `margin-left: ${(part['indent'] ?? 0) * 20}px` }, ...items)
    }
    default:
      return h('div', {}, ...words())
  }
}

/** @param {string} text @returns {Child[]} */
function diffLines(text) {
  const lines = text.split('\n')
  const isDiff = lines.some((line) => /^[+-]\s/.test(line))
  if (!isDiff) return [text]
  return lines.map((line) => {
    const kind =
      line.startsWith('@@') || line.startsWith('---') || line.startsWith('+++')
        ? 'where'
        : line.startsWith('+')
          ? 'added'
          : line.startsWith('-')
            ? 'removed'
            : ''
    return h('span', { className: `diff ${kind}` }, line || ' ')
  })
}

/** @param {Json} element @param {Json} names @returns {Child} */
function inline(element, names) {
  const styled = (/** @type {Child} */ child) => withStyle(child, element['style'] ?? {})
  switch (element['type']) {
    case 'text':
      return styled(element['text'])
    case 'link':
      return styled(link(element['url'], element['text'] ?? element['url']))
    case 'user':
      return mention('user', element['user_id'], names)
    case 'usergroup':
      return mention('group', element['usergroup_id'], names)
    case 'channel':
      return mention('channel', element['channel_id'], names)
    case 'broadcast':
      return mention('broadcast', element['range'], names)
    case 'emoji':
      return withEmoji(`:${element['name']}:`)
    case 'date':
      return h('time', {}, element['fallback'] ?? new Date(element['timestamp'] * 1000).toLocaleString())
    default:
      return JSON.stringify(element)
  }
}

/** @param {Child} child @param {Json} style @returns {Child} */
function withStyle(child, style) {
  const tags = /** @type {const} */ ([
    ['bold', 'strong'],
    ['italic', 'em'],
    ['strike', 's'],
    ['underline', 'u'],
    ['code', 'code'],
  ])
  return tags.reduce(
    (/** @type {Child} */ inner, [name, tag]) => (style[name] ? h(tag, {}, inner) : inner),
    child,
  )
}
