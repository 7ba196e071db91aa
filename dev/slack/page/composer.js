import { h } from './dom.js'
import { icon } from './icons.js'

/** @import { Json } from './dom.js' */

/**
 * The box at the bottom: slash commands with completion, or plain words for the others in the channel.
 * @param {{ label: string, hints: () => readonly Json[], send: (text: string) => Promise<void> }} options
 */
export function composer({ label, hints, send }) {
  const field = h('input', {
    type: 'text',
    placeholder: label,
    'aria-label': label,
    autocomplete: 'off',
    spellcheck: false,
    role: 'combobox',
    'aria-expanded': 'false',
    'aria-controls': 'hints',
  })
  const list = h('div', { className: 'hints', id: 'hints', role: 'listbox', hidden: true })
  const form = h(
    'form',
    { className: 'composer' },
    list,
    field,
    h('button', { className: 'button primary', type: 'submit', 'aria-label': 'Send' }, icon('send')),
  )
  let marked = 0

  function show() {
    const fitting = field.value.startsWith('/') ? hints().filter((hint) => fits(hint, field.value)) : []
    marked = Math.min(marked, Math.max(0, fitting.length - 1))
    list.replaceChildren(
      ...fitting.map((hint, index) => {
        const item = h(
          'div',
          { className: 'hint-item', role: 'option', 'aria-selected': String(index === marked) },
          h('code', {}, hint['text']),
          h('span', {}, hint['description']),
        )
        // mousedown comes before the field loses the focus.
        item.addEventListener('mousedown', (event) => {
          event.preventDefault()
          take(hint)
        })
        return item
      }),
    )
    list.hidden = fitting.length === 0
    field.setAttribute('aria-expanded', String(fitting.length > 0))
    return fitting
  }
  function take(/** @type {Json} */ hint) {
    const fixed = hint['text']
      .split(' ')
      .filter((/** @type {string} */ word) => !/^[[A-Z]/.test(word))
      .join(' ')
    field.value = hint['text'] === fixed ? fixed : `${fixed} `
    show()
    field.focus()
  }

  field.addEventListener('input', () => {
    marked = 0
    show()
  })
  field.addEventListener('blur', () => {
    list.hidden = true
  })
  field.addEventListener('focus', show)
  field.addEventListener('keydown', (event) => {
    const fitting = list.hidden ? [] : show()
    const hint = fitting[marked]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (fitting.length === 0) return
      event.preventDefault()
      marked = (marked + (event.key === 'ArrowDown' ? 1 : fitting.length - 1)) % fitting.length
      show()
    } else if (event.key === 'Tab' && hint !== undefined && !event.shiftKey) {
      event.preventDefault()
      take(hint)
    } else if (event.key === 'Escape') list.hidden = true
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const text = field.value.trim()
    if (text === '') return
    field.value = ''
    list.hidden = true
    void send(text)
  })
  return form
}

/** @param {Json} hint @param {string} typed */
function fits(hint, typed) {
  const words = hint['text'].split(' ')
  const got = typed.replace(/\s+$/, ' ').split(' ')
  return got.every((word, index) => {
    const wanted = words[index]
    if (wanted === undefined) return false
    if (/^[[A-Z]/.test(wanted)) return true
    return index === got.length - 1 ? wanted.startsWith(word) : wanted === word
  })
}
