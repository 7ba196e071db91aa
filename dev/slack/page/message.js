import { blockList } from './blocks.js'
import { h } from './dom.js'
import { icon } from './icons.js'
import { mrkdwn } from './mrkdwn.js'

/** @import { Json } from './dom.js' */
/**
 * @typedef {object} MessageActions
 * @property {(ts: string) => void} openThread
 * @property {(ts: string) => void} remove
 * @property {(ts: string, element: Json, block: Json, choose?: unknown) => Promise<void>} act
 */

/**
 * A message as it stands in the channel or in a thread.
 * @param {Json} message
 * @param {Json} names
 * @param {MessageActions} actions
 * @param {{ inThread: boolean, notices: readonly Json[] }} where
 */
export function messageView(message, names, actions, { inThread, notices }) {
  const isEphemeral = message['ephemeralFor'] !== undefined
  const replies = message['replies'] ?? []
  const person = names['people'].get(message['author'])
  if (message['state'] === 'tombstone') {
    return h(
      'article',
      { className: 'message gone' },
      avatar(undefined),
      h(
        'div',
        { className: 'grow' },
        h('div', { className: 'text' }, 'This message was deleted.'),
        threadLink(message, replies, actions, inThread),
      ),
    )
  }
  return h(
    'article',
    {
      className: `message${isEphemeral ? ' ephemeral' : ''}`,
      'aria-label': `${person?.realName ?? ''}: ${message['text']}`,
      tabIndex: -1,
    },
    avatar(person),
    h(
      'div',
      { className: 'grow' },
      isEphemeral && h('div', { className: 'only-you' }, icon('eye'), ' Only visible to you'),
      h(
        'div',
        { className: 'byline' },
        h('strong', {}, person?.realName ?? message['author']),
        message['byApp'] && h('span', { className: 'badge' }, 'APP'),
        h('time', { dateTime: dateOf(message['ts']).toISOString() }, clockTime(message['ts'])),
      ),
      body(message, names, actions),
      message['editedTs'] !== undefined &&
        message['editedTs'] !== null &&
        h('span', { className: 'edited', title: `changed ${message['revisions']} times` }, '(edited)'),
      ...message['files'].map((/** @type {Json} */ file) =>
        h('details', { className: 'file' }, h('summary', {}, file['title']), h('pre', {}, file['content'])),
      ),
      ...notices.map((notice) => h('div', { className: 'notice' }, icon('warn'), ` ${notice['text']}`)),
      threadLink(message, replies, actions, inThread),
    ),
    toolbar(message, actions, inThread, isEphemeral),
  )
}

/** @param {Json} message @param {Json} names @param {MessageActions} actions */
function body(message, names, actions) {
  if (message['blocks'].length === 0)
    return h(
      'div',
      { className: 'text' },
      mrkdwn(message['text'], names, { verbatim: message['parse'] === 'none' }),
    )
  const act = (/** @type {Json} */ element, /** @type {Json} */ block, /** @type {unknown} */ choose) =>
    actions.act(message['ts'], element, block, choose)
  return blockList(message['blocks'], { names, act })
}

/** @param {Json} message @param {readonly Json[]} replies @param {MessageActions} actions @param {boolean} inThread */
function threadLink(message, replies, actions, inThread) {
  if (inThread || replies.length === 0) return null
  const last = replies.at(-1)?.['ts']
  return h(
    'button',
    { className: 'thread-link', type: 'button', onclick: () => actions.openThread(message['ts']) },
    h('strong', {}, replies.length === 1 ? '1 reply' : `${replies.length} replies`),
    h('span', {}, `Last reply at ${clockTime(last)}`),
  )
}

/** @param {Json} message @param {MessageActions} actions @param {boolean} inThread @param {boolean} isEphemeral */
function toolbar(message, actions, inThread, isEphemeral) {
  const ts = message['ts']
  return h(
    'div',
    { className: 'toolbar' },
    !inThread &&
      !isEphemeral &&
      h(
        'button',
        {
          type: 'button',
          title: 'Reply in thread',
          'aria-label': 'Reply in thread',
          onclick: () => actions.openThread(ts),
        },
        icon('reply'),
      ),
    h(
      'button',
      {
        type: 'button',
        title: 'Delete message',
        'aria-label': 'Delete message',
        onclick: () => actions.remove(ts),
      },
      icon('bin'),
    ),
  )
}

/** @param {Json | undefined} person */
function avatar(person) {
  const words = String(person?.['realName'] ?? '?').split(' ')
  const initials =
    person?.['id'] === 'U0MAILLIMIT'
      ? icon('mail')
      : words
          .map((word) => word[0])
          .join('')
          .slice(0, 2)
          .toUpperCase()
  const hue = Array.from(String(person?.['id'] ?? '')).reduce(
    (sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360,
    7,
  )
  const element = h('div', { className: 'avatar', 'aria-hidden': 'true' }, initials)
  element.style.setProperty('--hue', String(person?.['id'] === 'U0MAILLIMIT' ? 172 : hue))
  return element
}

/** @param {string} ts */
function dateOf(ts) {
  return new Date(Number(ts) * 1000)
}

/** @param {string} ts */
function clockTime(ts) {
  return dateOf(ts).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
}
