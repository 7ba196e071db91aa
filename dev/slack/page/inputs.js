import { element, optionList } from './elements.js'
import { h } from './dom.js'
import { plain } from './texts.js'

/** @import { Json } from './dom.js' */
/** @import { Surroundings } from './blocks.js' */

/**
 * An input block: a label, the field, a hint, and room for what is wrong with the value.
 * @param {Json} block
 * @param {Surroundings} around
 */
export function input(block, around) {
  const part = block['element']
  const id = `input ${block['block_id']}`
  const made = field(part, id)
  if (made instanceof HTMLElement && block['dispatch_action'] === true) {
    made.addEventListener('change', () => void around.act(part, block, valueOf(made)))
  }
  const optional = block['optional'] === true && h('span', { className: 'optional' }, ' (optional)')
  return h(
    'div',
    { className: 'input-row', 'data-block-id': block['block_id'] },
    h('label', { for: id }, plain(block['label']), optional),
    made ?? element(part, block, around),
    h('div', { className: 'wrong', role: 'alert' }),
    block['hint'] !== undefined && h('div', { className: 'hint' }, plain(block['hint'])),
  )
}

/**
 * What stands in the inputs of a modal, as `block_id/action_id` → value.
 * @param {Element} root
 * @returns {Record<string, unknown>}
 */
export function inputValues(root) {
  const values = /** @type {Record<string, unknown>} */ ({})
  for (const block of root.querySelectorAll('[data-block-id]')) {
    const made = block.querySelector('[data-action-id]')
    const name = `${block.getAttribute('data-block-id')}/${made?.getAttribute('data-action-id')}`
    if (made instanceof HTMLElement) values[name] = valueOf(made)
  }
  return values
}

/** @param {HTMLElement} made @returns {unknown} */
function valueOf(made) {
  if (
    made instanceof HTMLInputElement ||
    made instanceof HTMLTextAreaElement ||
    made instanceof HTMLSelectElement
  )
    return made.value
  const chosen = [...made.querySelectorAll('input:checked')].map(
    (one) => /** @type {HTMLInputElement} */ (one).value,
  )
  return made.dataset['many'] === 'true' ? chosen : (chosen[0] ?? '')
}

/** @param {Json} part @param {string} id @returns {HTMLElement | undefined} */
function field(part, id) {
  const common = {
    id,
    className: 'field-input',
    value: part['initial_value'] ?? '',
    placeholder: plain(part['placeholder']),
    autofocus: part['focus_on_load'] === true,
    'data-action-id': part['action_id'],
  }
  switch (part['type']) {
    case 'plain_text_input':
      return part['multiline'] === true
        ? h('textarea', { ...common, rows: 4 })
        : h('input', { ...common, type: 'text' })
    case 'number_input':
      return h('input', { ...common, type: 'text', inputMode: 'decimal' })
    case 'email_text_input':
      return h('input', { ...common, type: 'email' })
    case 'url_text_input':
      return h('input', { ...common, type: 'url' })
    case 'datepicker':
      return h('input', { ...common, type: 'date', value: part['initial_date'] ?? '' })
    case 'timepicker':
      return h('input', { ...common, type: 'time', value: part['initial_time'] ?? '' })
    case 'static_select': {
      const none = h(
        'option',
        { value: '', selected: part['initial_option'] === undefined },
        common.placeholder || 'Choose…',
      )
      return h(
        'select',
        { id, className: 'field-input', 'data-action-id': part['action_id'] },
        none,
        ...optionList(part),
      )
    }
    case 'radio_buttons':
    case 'checkboxes': {
      const type = part['type'] === 'radio_buttons' ? 'radio' : 'checkbox'
      const initial = [part['initial_option'], ...(part['initial_options'] ?? [])]
        .filter(Boolean)
        .map((option) => option['value'])
      const options = part['options'].map((/** @type {Json} */ option) =>
        h(
          'label',
          {},
          h('input', { type, name: id, value: option['value'], checked: initial.includes(option['value']) }),
          plain(option['text']),
        ),
      )
      return h(
        'fieldset',
        {
          className: 'choices',
          'data-action-id': part['action_id'],
          'data-many': String(type === 'checkbox'),
        },
        ...options,
      )
    }
    default:
      return undefined
  }
}
