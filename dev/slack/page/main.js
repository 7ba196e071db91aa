import { act, follow, lookAs } from './api.js'
import { blockList } from './blocks.js'
import { composer } from './composer.js'
import { byId, h, kept, reconcile } from './dom.js'
import { icon } from './icons.js'
import { messageView } from './message.js'
import { showModal } from './modal.js'
import { partOf, sidebar } from './sidebar.js'

/** @import { Json } from './dom.js' */

const now = {
  me: location.hash.slice(1) || 'U0APPROVER1',
  tab: /** @type {'channel' | 'home'} */ ('channel'),
  thread: /** @type {string | undefined} */ (undefined),
  /** Notices that were shown already. */
  noticesSeen: /** @type {number | undefined} */ (undefined),
  state: /** @type {Json} */ ({}),
  isPressing: false,
  isDrawDue: false,
}
const names = /** @type {Json} */ ({ people: new Map(), groups: new Map(), channel: undefined })

async function refresh() {
  const { me } = now
  const state = await lookAs(me)
  if (me !== now.me) return
  now.state = state
  names['people'] = new Map(state['people'].map((/** @type {Json} */ person) => [person['id'], person]))
  names['groups'] = new Map(state['groups'].map((/** @type {Json} */ group) => [group['id'], group]))
  names['channel'] = state['channel']
  draw()
}

function draw() {
  const { state } = now
  // A button that is replaced between press and release would never be clicked.
  now.isDrawDue = now.isPressing
  if (state['channel'] === undefined || now.isPressing) return
  const side = byId('sidebar')
  const { channel, people, groups, panel, connections } = state
  reconcile(side, [
    {
      key: 'side',
      content: [channel, people, groups, panel, connections, now.me, now.tab],
      make: () => h('div', { className: 'side' }, ...kept(sidebar(state, now, { become, open, press }))),
    },
  ])
  drawHeader()
  byId('stream').hidden = now.tab !== 'channel'
  byId('footer').hidden = now.tab !== 'channel' || !state['isMember']
  byId('home').hidden = now.tab !== 'home'
  if (now.tab === 'channel') drawStream()
  else drawHome()
  drawThread()
  drawNotices()
  showModal(state['modals'].at(-1), now.me, names, complain)
}

function drawHeader() {
  const { channel, isMember } = now.state
  const person = names['people'].get(now.me)
  const title =
    now.tab === 'home'
      ? [icon('mail'), ' maillimit']
      : [icon(channel['isPrivate'] ? 'lock' : 'hash'), ` ${channel['name']}`]
  const about = now.tab === 'home' ? 'Home' : `${channel['members'].length} members`
  byId('header').replaceChildren(
    ...kept([
      h('h1', {}, ...title),
      h('span', { className: 'about' }, about),
      channel['isExtShared'] && h('span', { className: 'badge shared' }, 'shared with another company'),
      h(
        'span',
        { className: 'me' },
        `you are ${person?.realName ?? now.me}, ${person === undefined ? '' : partOf(person, now.state)}`,
      ),
      !isMember && now.tab === 'channel' && h('span', { className: 'badge' }, 'not in this channel'),
    ]),
  )
}

function drawStream() {
  const { state } = now
  const stream = byId('stream')
  const isAtEnd = stream.scrollTop + stream.clientHeight >= stream.scrollHeight - 40
  const inChannel = state['ephemerals'].filter(
    (/** @type {Json} */ message) => message['threadTs'] === undefined,
  )
  const all = [...state['messages'], ...inChannel].toSorted(
    (one, other) => Number(one['ts']) - Number(other['ts']),
  )
  const empty = {
    key: 'empty',
    content: state['isMember'],
    make: () =>
      h(
        'p',
        { className: 'empty' },
        state['isMember']
          ? 'Nothing was said here yet.'
          : 'You are not in this channel: you see nothing of it.',
      ),
  }
  reconcile(stream, all.length === 0 ? [empty] : all.map((message) => wanted(message, false)))
  if (isAtEnd) stream.scrollTop = stream.scrollHeight
}

/** @param {Json} message @param {boolean} inThread */
function wanted(message, inThread) {
  const notices = now.state['notices'].filter(
    (/** @type {Json} */ notice) => notice['about'] === message['ts'],
  )
  return {
    key: message['ts'],
    content: [message, notices, now.me],
    make: () => messageView(message, names, { openThread, remove, act: clickOn }, { inThread, notices }),
  }
}

function drawThread() {
  const pane = byId('thread')
  const parent = now.state['messages'].find((/** @type {Json} */ message) => message['ts'] === now.thread)
  pane.hidden = parent === undefined || now.tab !== 'channel'
  document.body.classList.toggle('with-thread', !pane.hidden)
  if (parent === undefined) return
  if (pane.dataset['ts'] !== parent['ts']) {
    pane.dataset['ts'] = parent['ts']
    const close = h(
      'button',
      {
        className: 'close',
        type: 'button',
        'aria-label': 'Close thread',
        onclick: () => openThread(undefined),
      },
      '×',
    )
    const send = (/** @type {string} */ text) => say(text, parent['ts'])
    pane.replaceChildren(
      h('header', {}, h('h2', {}, 'Thread'), close),
      h('div', { className: 'replies', tabIndex: 0 }),
      composer({ label: 'Reply…', hints: () => [], send }),
    )
  }
  const list = pane.querySelector('.replies')
  if (list === null) return
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40
  const mine = now.state['ephemerals'].filter(
    (/** @type {Json} */ message) => message['threadTs'] === parent['ts'],
  )
  const replies = [...parent['replies'], ...mine].toSorted(
    (one, other) => Number(one['ts']) - Number(other['ts']),
  )
  const { replies: _replies, ...alone } = parent
  reconcile(list, [wanted(alone, true), ...replies.map((reply) => wanted(reply, true))])
  if (isAtEnd) list.scrollTop = list.scrollHeight
}

function drawHome() {
  const view = now.state['home']
  const act_ = async (
    /** @type {Json} */ element,
    /** @type {Json} */ block,
    /** @type {unknown} */ choose,
  ) => {
    await act('click', {
      user: now.me,
      view: view['id'],
      action: element['action_id'],
      block: block['block_id'],
      value: element['value'],
      choose,
    }).catch(complain)
  }
  const make = () =>
    view === undefined
      ? h('p', { className: 'empty' }, 'The app has published no Home tab for you.')
      : blockList(view['blocks'], { names, act: act_ })
  reconcile(byId('home'), [{ key: view?.['id'] ?? 'none', content: [view?.['hash'], now.me], make }])
}

/** Notices about something else than a message stand in the corner for a while. */
function drawNotices() {
  const { notices } = now.state
  const seen = Math.min(now.noticesSeen ?? notices.length, notices.length)
  for (const notice of notices.slice(seen)) if (!/^\d+\./.test(notice['about'])) toast(notice['text'], 'bad')
  now.noticesSeen = notices.length
}

/** @param {string} text @param {string} kind */
function toast(text, kind) {
  const made = h('div', { className: `toast ${kind}` }, text)
  byId('toasts').append(made)
  setTimeout(() => made.remove(), 8000)
}

/** @param {unknown} error */
function complain(error) {
  toast(error instanceof Error ? error.message : String(error), 'bad')
}

/** @param {string} userId */
function become(userId) {
  now.me = userId
  now.noticesSeen = undefined
  history.replaceState(null, '', `#${userId}`)
  showModal(undefined, now.me, names, complain)
  if (now.tab === 'home') open('home')
  void refresh()
}

/** @param {'channel' | 'home'} tab */
function open(tab) {
  now.tab = tab
  if (tab === 'home') act('home', { user: now.me }).catch(complain)
  draw()
}

/** @param {string | undefined} ts */
function openThread(ts) {
  now.thread = ts
  draw()
  if (ts !== undefined) byId('thread').querySelector('input')?.focus()
}

/** @param {string} ts */
function remove(ts) {
  act('delete', { user: now.me, ts }).catch(complain)
}

/** @param {string} ts @param {Json} element @param {Json} block @param {unknown} [choose] */
async function clickOn(ts, element, block, choose) {
  await act('click', {
    user: now.me,
    ts,
    action: element['action_id'],
    block: block['block_id'],
    value: element['value'],
    choose,
  }).catch(complain)
}

/** @param {string} id @param {HTMLElement} made */
async function press(id, made) {
  made.classList.add('busy')
  try {
    toast((await act(`panel/${id}`, {}))['text'], 'good')
  } catch (error) {
    complain(error)
  } finally {
    made.classList.remove('busy')
  }
}

/** @param {string} text @param {string} [thread] */
async function say(text, thread) {
  const [, command, rest = ''] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) ?? []
  const done =
    command === undefined
      ? act('say', { user: now.me, text, thread })
      : act('slash', { user: now.me, command, text: rest })
  await done.catch(complain)
}

const hints = () => now.state['hints'] ?? []
byId('footer').append(composer({ label: 'Message the channel, or type / for a command', hints, send: say }))
document.addEventListener('keydown', (event) => {
  const isTyping =
    event.target instanceof Element &&
    event.target.closest('input[type=text], textarea, select, dialog') !== null
  const isInThread = event.target instanceof Element && event.target.closest('#thread') !== null
  if (isTyping && !(isInThread && event.key === 'Escape')) return
  if (event.key === 'Escape') openThread(undefined)
  if (event.key === '/') {
    event.preventDefault()
    const field = byId('footer').querySelector('input')
    if (field === null) return
    field.value = '/'
    field.focus()
    field.dispatchEvent(new Event('input'))
  }
})
document.addEventListener('pointerdown', () => {
  now.isPressing = true
})
for (const end of ['pointerup', 'pointercancel'])
  document.addEventListener(end, () => {
    now.isPressing = false
    // The click comes after the release.
    setTimeout(() => now.isDrawDue && draw())
  })
follow(
  () => refresh().catch(complain),
  (isAlive) => document.body.classList.toggle('offline', !isAlive),
)
await refresh()
