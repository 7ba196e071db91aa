import { act } from './api.js'
import { blockList } from './blocks.js'
import { h } from './dom.js'
import { inputValues } from './inputs.js'
import { plain } from './texts.js'

/** @import { Json } from './dom.js' */

/** The modal that stands before the person, if any. @type {{ view: Json, dialog: HTMLDialogElement } | undefined} */
let shown

/**
 * Shows the topmost of the person's modals, or none.
 * @param {Json | undefined} view
 * @param {string} me
 * @param {Json} names
 * @param {(error: unknown) => void} complain
 */
export function showModal(view, me, names, complain) {
  if (shown?.view['id'] === view?.['id'] && shown?.view['hash'] === view?.['hash']) return
  const typed = shown?.view['id'] === view?.['id'] ? shown?.dialog : undefined
  shown?.dialog.close()
  shown?.dialog.remove()
  shown = undefined
  if (view === undefined) return
  const dialog = modal(view, me, names, complain)
  document.body.append(dialog)
  if (typed !== undefined) keepTyped(typed, dialog)
  dialog.showModal()
  const first = dialog.querySelector('[data-block-id] [data-action-id]')
  if (first instanceof HTMLElement) first.focus()
  shown = { view, dialog }
}

/** @param {Json} view @param {string} me @param {Json} names @param {(error: unknown) => void} complain */
function modal(view, me, names, complain) {
  const around = {
    names,
    act: async (/** @type {Json} */ element, /** @type {Json} */ block, /** @type {unknown} */ choose) => {
      await act('click', {
        user: me,
        view: view['id'],
        action: element['action_id'],
        block: block['block_id'],
        value: element['value'],
        choose,
      }).catch(complain)
    },
  }
  const blocks = blockList(view['blocks'], around)
  const close = () => act('close-view', { user: me, view: view['id'] }).catch(complain)
  const submit =
    view['submit'] !== null &&
    h('button', { className: 'button primary', type: 'submit' }, plain(view['submit']))
  const trouble = h('div', { className: 'notice', role: 'alert', hidden: true })
  const form = h(
    'form',
    { noValidate: true },
    h(
      'header',
      { className: 'dialog-head' },
      h('h2', {}, plain(view['title'])),
      h('button', { className: 'close', type: 'button', 'aria-label': 'Close', onclick: close }, '×'),
    ),
    h('div', { className: 'dialog-body' }, trouble, blocks),
    h(
      'footer',
      { className: 'dialog-foot' },
      h('button', { className: 'button', type: 'button', onclick: close }, plain(view['close']) || 'Cancel'),
      submit,
    ),
  )
  const dialog = h('dialog', { className: 'modal', 'aria-label': plain(view['title']) }, form)
  const send = async () => {
    if (submit) submit.classList.add('busy')
    try {
      const result = await act('submit', { user: me, view: view['id'], values: inputValues(blocks) })
      showErrors(blocks, result['errors'] ?? {})
      trouble.hidden = !['timed-out', 'no-connection', 'bad-answer'].includes(result['outcome'])
      trouble.textContent = 'We had some trouble connecting. Try again?'
    } catch (error) {
      complain(error)
    } finally {
      if (submit) submit.classList.remove('busy')
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send()
  })
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault()
    void close()
  })
  return dialog
}

/**
 * An updated modal keeps what was typed into the inputs that it still has.
 * @param {Element} before
 * @param {Element} made
 */
function keepTyped(before, made) {
  for (const old of before.querySelectorAll('[data-block-id] .field-input')) {
    const block = old.closest('[data-block-id]')?.getAttribute('data-block-id') ?? ''
    const action = old.getAttribute('data-action-id') ?? ''
    const now = made.querySelector(
      `[data-block-id="${CSS.escape(block)}"] [data-action-id="${CSS.escape(action)}"]`,
    )
    if (now !== null && 'value' in now && 'value' in old) now.value = old.value
  }
}

/** @param {Element} root @param {Record<string, string>} errors */
function showErrors(root, errors) {
  for (const block of root.querySelectorAll('[data-block-id]')) {
    const words = typeof errors === 'object' ? errors[block.getAttribute('data-block-id') ?? ''] : undefined
    block.classList.toggle('has-error', words !== undefined)
    const place = block.querySelector('.wrong')
    if (place !== null) place.textContent = words ?? ''
  }
}
