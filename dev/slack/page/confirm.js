import { h } from './dom.js'
import { plain, textObject } from './texts.js'

/** @import { Json } from './dom.js' */

/**
 * Slack's native question before an action is sent.
 * @param {Json} question
 * @param {Json} names
 * @returns {Promise<boolean>}
 */
export function confirmed(question, names) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { className: 'confirm' })
    const answer = (/** @type {boolean} */ isYes) => {
      dialog.close()
      dialog.remove()
      resolve(isYes)
    }
    const style = question['style'] === 'danger' ? 'danger' : 'primary'
    const yes = h(
      'button',
      { className: `button ${style}`, onclick: () => answer(true) },
      plain(question['confirm']) || 'Yes',
    )
    dialog.append(
      h('h2', {}, plain(question['title']) || 'Are you sure?'),
      h('div', { className: 'dialog-body' }, textObject(question['text'], names)),
      h(
        'div',
        { className: 'dialog-foot' },
        h(
          'button',
          { className: 'button', onclick: () => answer(false) },
          plain(question['deny']) || 'Cancel',
        ),
        yes,
      ),
    )
    dialog.addEventListener('cancel', () => answer(false))
    document.body.append(dialog)
    dialog.showModal()
    yes.focus()
  })
}
