import { h } from './dom.js'
import { richText } from './rich-text.js'
import { link } from './mrkdwn.js'

/** @import { Json } from './dom.js' */

const marks = /** @type {Readonly<Record<string, string>>} */ ({
  pending: '',
  in_progress: '',
  complete: '✓',
  error: '!',
})
const words = /** @type {Readonly<Record<string, string>>} */ ({
  pending: 'to do',
  in_progress: 'in progress',
  complete: 'done',
  error: 'failed',
})

/**
 * A plan: its title and its tasks.
 * @param {Json} block
 * @param {Json} names
 */
export function plan(block, names) {
  const tasks = block['tasks'] ?? []
  const done = tasks.filter((/** @type {Json} */ task) => task['status'] === 'complete').length
  return h(
    'details',
    { className: 'box plan', open: true },
    h(
      'summary',
      { className: 'box-title' },
      block['title'],
      h('span', { className: 'count' }, `${done} of ${tasks.length}`),
    ),
    h(
      'ol',
      { className: 'tasks' },
      ...tasks.map((/** @type {Json} */ task) => h('li', {}, taskCard(task, names))),
    ),
  )
}

/**
 * One step, with its state, details and output.
 * @param {Json} task
 * @param {Json} names
 */
export function taskCard(task, names) {
  const status = task['status']
  const sources = (task['sources'] ?? []).map((/** @type {Json} */ source) =>
    link(source['url'], source['text']),
  )
  return h(
    'div',
    { className: `task ${status}` },
    h('span', { className: 'mark', role: 'img', 'aria-label': words[status] }, marks[status] ?? ''),
    h(
      'div',
      { className: 'grow' },
      h('div', { className: 'task-title' }, task['title']),
      task['details'] !== undefined && h('div', { className: 'details' }, richText(task['details'], names)),
      task['output'] !== undefined && h('div', { className: 'output' }, richText(task['output'], names)),
      sources.length > 0 && h('div', { className: 'row' }, ...sources),
    ),
  )
}
