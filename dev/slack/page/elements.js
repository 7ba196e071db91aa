import { confirmed } from './confirm.js'
import { h } from './dom.js'
import { plain } from './texts.js'

/** @import { Json } from './dom.js' */
/** @import { Surroundings } from './blocks.js' */

/**
 * An interactive element in a message, modal or Home: it sends what the person does at once.
 * @param {Json} part
 * @param {Json} block
 * @param {Surroundings} around
 * @returns {HTMLElement}
 */
export function element(part, block, around) {
  switch (part['type']) {
    case 'button':
      return button(part, block, around)
    case 'overflow':
      return overflow(part, block, around)
    case 'static_select':
      return select(part, block, around)
    case 'radio_buttons':
      return choices(part, block, around, 'radio')
    case 'checkboxes':
      return choices(part, block, around, 'checkbox')
    default:
      return h('span', { className: 'broken' }, `a ${part['type']}, which this page does not draw`)
  }
}

/**
 * The options of a menu, grouped ones too.
 * @param {Json} part
 * @returns {HTMLElement[]}
 */
export function optionList(part) {
  const one = (/** @type {Json} */ option) =>
    h(
      'option',
      { value: option['value'], selected: part['initial_option']?.['value'] === option['value'] },
      plain(option['text']),
    )
  const groups = part['option_groups'] ?? []
  if (groups.length === 0) return part['options'].map(one)
  return groups.map((/** @type {Json} */ group) =>
    h('optgroup', { label: plain(group['label']) }, ...group['options'].map(one)),
  )
}

/** @param {Json} part @param {Json} block @param {Surroundings} around */
function button(part, block, around) {
  const style = part['style'] === undefined ? '' : ` ${part['style']}`
  const made = h(
    'button',
    { className: `button${style}`, type: 'button', 'aria-label': part['accessibility_label'] },
    plain(part['text']),
  )
  made.dataset['actionId'] = part['action_id']
  made.addEventListener('click', () => {
    if (part['url'] !== undefined && /^https?:/.test(part['url']))
      window.open(part['url'], '_blank', 'noopener')
    void send(made, part, block, around)
  })
  return made
}

/** @param {Json} part @param {Json} block @param {Surroundings} around */
function overflow(part, block, around) {
  const menu = h('div', { className: 'menu', role: 'menu' })
  const made = h(
    'details',
    { className: 'overflow' },
    h('summary', { className: 'button', 'aria-label': 'More actions' }, '⋯'),
    menu,
  )
  for (const option of part['options']) {
    const item = h('button', { type: 'button', role: 'menuitem' }, plain(option['text']))
    item.addEventListener('click', () => {
      made.open = false
      void send(made, part, block, around, option['value'])
    })
    menu.append(item)
  }
  made.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !made.open) return
    event.stopPropagation()
    made.open = false
    made.querySelector('summary')?.focus()
  })
  made.addEventListener('focusout', (event) => {
    if (!made.contains(/** @type {Node | null} */ (event.relatedTarget))) made.open = false
  })
  return made
}

/** @param {Json} part @param {Json} block @param {Surroundings} around */
function select(part, block, around) {
  const none = h(
    'option',
    { value: '', disabled: true, selected: part['initial_option'] === undefined },
    plain(part['placeholder']) || 'Choose…',
  )
  const made = h(
    'select',
    { className: 'select', 'aria-label': plain(part['placeholder']) || 'Choose' },
    none,
    ...optionList(part),
  )
  made.addEventListener('change', () => void send(made, part, block, around, made.value))
  return made
}

/** @param {Json} part @param {Json} block @param {Surroundings} around @param {'radio' | 'checkbox'} type */
function choices(part, block, around, type) {
  const initial = [part['initial_option'], ...(part['initial_options'] ?? [])]
    .filter(Boolean)
    .map((option) => option['value'])
  const name = `${block['block_id']} ${part['action_id']}`
  const made = h(
    'fieldset',
    { className: 'choices' },
    ...part['options'].map((/** @type {Json} */ option) =>
      h(
        'label',
        {},
        h('input', { type, name, value: option['value'], checked: initial.includes(option['value']) }),
        plain(option['text']),
      ),
    ),
  )
  made.addEventListener('change', () => {
    const chosen = [...made.querySelectorAll('input:checked')].map(
      (input) => /** @type {HTMLInputElement} */ (input).value,
    )
    void send(made, part, block, around, type === 'radio' ? chosen[0] : chosen)
  })
  return made
}

/** @param {HTMLElement} made @param {Json} part @param {Json} block @param {Surroundings} around @param {unknown} [choose] */
async function send(made, part, block, around, choose) {
  if (made.classList.contains('busy')) return
  if (part['confirm'] !== undefined && !(await confirmed(part['confirm'], around.names))) return
  made.classList.add('busy')
  try {
    await around.act(part, block, choose)
  } finally {
    made.classList.remove('busy')
  }
}
