import { h } from './dom.js'
import { icon } from './icons.js'

/** @import { Child, Json } from './dom.js' */
/**
 * @typedef {object} SidebarActions
 * @property {(userId: string) => void} become
 * @property {(tab: 'channel' | 'home') => void} open
 * @property {(id: string, made: HTMLElement) => Promise<void>} press
 */

/**
 * The workspace, its channel and app, who I am, and what the demonstration offers.
 * @param {Json} state
 * @param {{ me: string, tab: string }} view
 * @param {SidebarActions} actions
 */
export function sidebar(state, { me, tab }, actions) {
  const place = (/** @type {'channel' | 'home'} */ name, /** @type {Child[]} */ ...label) =>
    h(
      'button',
      {
        className: 'place',
        type: 'button',
        'aria-current': tab === name ? 'page' : 'false',
        onclick: () => actions.open(name),
      },
      ...label,
    )
  const isConnected = state['connections'] > 0
  const people = state['people'].filter(
    (/** @type {Json} */ person) => !person['isBot'] && !person['deleted'],
  )
  return [
    h(
      'div',
      { className: 'workspace' },
      h('strong', {}, 'Local workspace'),
      h(
        'span',
        { className: isConnected ? 'live' : 'dead', title: 'Socket Mode connections of the app' },
        isConnected
          ? `app connected${state['connections'] > 1 ? ` ×${state['connections']}` : ''}`
          : 'app not connected',
      ),
    ),
    h(
      'nav',
      { 'aria-label': 'Places' },
      h('h2', {}, 'Channels'),
      place('channel', icon(state['channel']['isPrivate'] ? 'lock' : 'hash'), state['channel']['name']),
      h('h2', {}, 'Apps'),
      place('home', icon('mail'), 'maillimit'),
    ),
    h(
      'fieldset',
      { className: 'people' },
      h('legend', {}, 'I am'),
      ...people.map((/** @type {Json} */ person) =>
        h(
          'label',
          {},
          h('input', {
            type: 'radio',
            name: 'me',
            value: person['id'],
            checked: person['id'] === me,
            onchange: () => actions.become(person['id']),
          }),
          h('span', { className: 'who' }, person['realName']),
          h('span', { className: 'part' }, partOf(person, state)),
        ),
      ),
    ),
    state['panel'].length > 0 &&
      h(
        'div',
        { className: 'panel' },
        h('h2', {}, 'Make something happen'),
        ...state['panel'].map((/** @type {Json} */ button) => {
          const made = h(
            'button',
            { className: 'panel-button', type: 'button', title: button['description'] },
            h('strong', {}, button['label']),
            h('span', {}, button['description']),
          )
          made.addEventListener('click', () => void actions.press(button['id'], made))
          return made
        }),
      ),
  ]
}

/**
 * What somebody is to the ops channel, in a few words.
 * @param {Json} person
 * @param {Json} state
 */
export function partOf(person, state) {
  if (person['deleted']) return 'deactivated'
  if (person['isStranger']) return 'another company'
  if (person['isUltraRestricted']) return 'single-channel guest'
  if (person['isRestricted']) return 'guest'
  const isApprover = state['groups'].some((/** @type {Json} */ group) =>
    group['users'].includes(person['id']),
  )
  if (!state['channel']['members'].includes(person['id'])) return 'not in the channel'
  return isApprover ? 'approver' : 'member'
}
