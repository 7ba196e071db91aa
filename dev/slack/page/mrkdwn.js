import { h } from './dom.js'
import { withEmoji } from './emoji.js'

/** @import { Child, Json } from './dom.js' */

/**
 * Slack's mrkdwn as elements: code, bold, italic, strike, quotes, and everything in angle brackets.
 * @param {string} text
 * @param {Json} names who and what the ids stand for
 * @param {{ verbatim?: boolean }} [options]
 * @returns {HTMLElement}
 */
export function mrkdwn(text, names, { verbatim = false } = {}) {
  const parts = text.split(/(```[\s\S]*?```)/)
  return h(
    'div',
    { className: 'mrkdwn' },
    ...parts.flatMap((part) => {
      if (/^```[\s\S]*```$/.test(part)) return h('pre', {}, decoded(part.slice(3, -3).replace(/^\n/, '')))
      return lines(part, names, verbatim)
    }),
  )
}

/**
 * A mention as Slack shows it: a chip that tells who would be notified.
 * @param {string} kind
 * @param {string} id
 * @param {Json} names
 */
export function mention(kind, id, names) {
  const label =
    kind === 'user'
      ? `@${names['people'].get(id)?.realName ?? id}`
      : kind === 'group'
        ? `@${names['groups'].get(id)?.handle ?? id}`
        : kind === 'channel'
          ? `#${names['channel']?.id === id ? names['channel'].name : id}`
          : `@${id}`
  return h('span', { className: `mention ${kind}` }, label)
}

/**
 * @param {string} url
 * @param {string} label
 */
export function link(url, label) {
  const isSafe = /^(?:https?|mailto):/i.test(url)
  return isSafe
    ? h('a', { href: url, target: '_blank', rel: 'noreferrer noopener' }, label)
    : h('span', {}, label)
}

/** @param {string} text @param {Json} names @param {boolean} verbatim @returns {Child[]} */
function lines(text, names, verbatim) {
  /** @type {Child[]} */
  const out = []
  /** @type {Child[]} */
  let quote = []
  const endQuote = () => {
    if (quote.length > 0) out.push(h('blockquote', {}, ...quote))
    quote = []
  }
  const all = text.split('\n')
  for (const [index, line] of all.entries()) {
    if (/^(?:&gt;|>) ?/.test(line)) {
      quote.push(h('div', {}, ...inline(line.replace(/^(?:&gt;|>) ?/, ''), names, verbatim)))
      continue
    }
    endQuote()
    out.push(...inline(line, names, verbatim))
    if (index < all.length - 1) out.push(h('br'))
  }
  endQuote()
  return out
}

const tokens =
  /(`[^`\n]+`)|(<[^<>\n]+>)|((?<![\w*])\*[^*\n]+\*(?![\w*]))|((?<![\w_])_[^_\n]+_(?![\w_]))|((?<![\w~])~[^~\n]+~(?![\w~]))|(https?:\/\/[^\s<>]+)|((?<![\w.@])@(?:here|channel|everyone)\b)/g

/** @param {string} text @param {Json} names @param {boolean} verbatim @returns {Child[]} */
function inline(text, names, verbatim) {
  /** @type {Child[]} */
  const out = []
  let end = 0
  for (const match of text.matchAll(tokens)) {
    const [whole, code, markup, bold, italic, strike, url, broadcast] = match
    out.push(withEmoji(decoded(text.slice(end, match.index))))
    end = match.index + whole.length
    if (code !== undefined) out.push(h('code', {}, decoded(code.slice(1, -1))))
    else if (markup !== undefined) out.push(fromMarkup(markup.slice(1, -1), names))
    else if (bold !== undefined) out.push(h('strong', {}, ...inline(bold.slice(1, -1), names, verbatim)))
    else if (italic !== undefined) out.push(h('em', {}, ...inline(italic.slice(1, -1), names, verbatim)))
    else if (strike !== undefined) out.push(h('s', {}, ...inline(strike.slice(1, -1), names, verbatim)))
    else if (url !== undefined) out.push(verbatim ? url : link(url, url))
    else if (broadcast !== undefined)
      out.push(verbatim ? broadcast : mention('broadcast', broadcast.slice(1), names))
  }
  out.push(withEmoji(decoded(text.slice(end))))
  return out
}

/** @param {string} inside @param {Json} names */
function fromMarkup(inside, names) {
  const [target = '', label] = inside.split('|')
  if (/^@[UW]/.test(target)) return mention('user', target.slice(1), names)
  if (/^#[CG]/.test(target)) return mention('channel', target.slice(1), names)
  if (target.startsWith('!subteam^')) return mention('group', target.slice(9), names)
  if (target.startsWith('!date^')) return h('time', {}, label ?? '')
  if (target.startsWith('!')) return mention('broadcast', target.slice(1), names)
  return link(decoded(target), decoded(label ?? target.replace(/^mailto:/, '')))
}

/** @param {string} text */
function decoded(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
