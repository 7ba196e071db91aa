import { h } from './dom.js'
import { richText } from './rich-text.js'

/** @import { Json } from './dom.js' */

/**
 * A table block: the first row is its head.
 * @param {Json} block
 * @param {Json} names
 */
export function table(block, names) {
  const settings = block['column_settings'] ?? []
  const [head = [], ...rows] = block['rows']
  /** @param {'th' | 'td'} tag */
  const cellOf = (tag) => (/** @type {Json} */ cell, /** @type {number} */ column) => {
    const { align = 'left', is_wrapped: isWrapped = false } = settings[column] ?? {}
    const content = cell['type'] === 'rich_text' ? richText(cell, names) : cell['text']
    return h(tag, { className: `${align}${isWrapped ? ' wrapped' : ''}` }, content)
  }
  return h(
    'div',
    { className: 'table-frame', tabIndex: 0 },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...head.map(cellOf('th')))),
      h('tbody', {}, ...rows.map((/** @type {Json[]} */ row) => h('tr', {}, ...row.map(cellOf('td'))))),
    ),
  )
}
