import { element } from './elements.js'
import { h } from './dom.js'
import { input } from './inputs.js'
import { mrkdwn } from './mrkdwn.js'
import { plan, taskCard } from './plan.js'
import { richText } from './rich-text.js'
import { table } from './table.js'
import { plain, textObject } from './texts.js'

/** @import { Child, Json } from './dom.js' */
/**
 * @typedef {object} Surroundings
 * @property {Json} names who and what the ids stand for
 * @property {(element: Json, block: Json, choose?: unknown) => Promise<void>} act sends a click or a choice
 */

/**
 * Renders each block by itself: one that is broken shows what is wrong with it, and the others stay.
 * @param {readonly Json[]} blocks
 * @param {Surroundings} around
 * @returns {HTMLElement}
 */
export function blockList(blocks, around) {
  return h(
    'div',
    { className: 'blocks' },
    ...blocks.map((block) => {
      try {
        return h('div', { className: `block ${block['type']}` }, one(block, around))
      } catch (error) {
        return h(
          'div',
          { className: 'block broken' },
          `a ${block['type']} block that cannot be shown: ${String(error)}`,
        )
      }
    }),
  )
}

/** @param {Json} block @param {Surroundings} around @returns {Child} */
function one(block, around) {
  const { names } = around
  switch (block['type']) {
    case 'section':
      return section(block, around)
    case 'header':
      return h('h3', {}, plain(block['text']))
    case 'context':
      return h(
        'div',
        { className: 'row' },
        ...block['elements'].map((/** @type {Json} */ part) =>
          h('span', {}, part['type'] === 'image' ? picture(part) : textObject(part, names)),
        ),
      )
    case 'divider':
      return h('hr')
    case 'actions':
      return h(
        'div',
        { className: 'row' },
        ...block['elements'].map((/** @type {Json} */ part) => element(part, block, around)),
      )
    case 'input':
      return input(block, around)
    case 'image':
      return h('figure', {}, h('figcaption', {}, plain(block['title'])), picture(block))
    case 'rich_text':
      return richText(block, names)
    case 'table':
    case 'data_table':
      return table(block, names)
    case 'markdown':
      return mrkdwn(block['text'].replace(/\*\*/g, '*').replace(/^#+ (.*)$/gm, '*$1*'), names, {
        verbatim: true,
      })
    case 'plan':
      return plan(block, names)
    case 'task_card':
      return taskCard(block, names)
    case 'container':
      return container(block, around)
    case 'alert':
      return h(
        'div',
        { className: `alert ${block['level'] ?? 'default'}`, role: 'note' },
        textObject(block['text'], names),
      )
    default:
      throw new Error('unknown type')
  }
}

/** @param {Json} block @param {Surroundings} around */
function section(block, around) {
  const fields = (block['fields'] ?? []).map((/** @type {Json} */ field) =>
    h('div', { className: 'field' }, textObject(field, around.names)),
  )
  const accessory = block['accessory']
  return h(
    'div',
    { className: 'with-accessory' },
    h(
      'div',
      { className: 'grow' },
      block['text'] !== undefined && h('div', { className: 'text' }, textObject(block['text'], around.names)),
      fields.length > 0 && h('div', { className: 'fields' }, ...fields),
    ),
    accessory !== undefined &&
      (accessory['type'] === 'image' ? picture(accessory) : element(accessory, block, around)),
  )
}

/** @param {Json} block @param {Surroundings} around */
function container(block, around) {
  const title =
    block['rich_text_title'] === undefined
      ? plain(block['title'])
      : richText(block['rich_text_title'], around.names)
  const subtitle =
    block['subtitle'] !== undefined &&
    h('div', { className: 'subtitle' }, textObject(block['subtitle'], around.names))
  const children = blockList(block['child_blocks'], around)
  if (block['is_collapsible'] !== true) {
    return h('div', { className: 'box' }, h('div', { className: 'box-title' }, title, subtitle), children)
  }
  return h(
    'details',
    { className: 'box', open: block['default_collapsed'] !== true },
    h('summary', { className: 'box-title' }, title, subtitle),
    children,
  )
}

/** @param {Json} image Pictures are not fetched: the page loads nothing from elsewhere. */
function picture(image) {
  return h('span', { className: 'picture', title: image['image_url'] ?? '' }, `[${image['alt_text']}]`)
}
