import { expect, test } from 'vitest'
import { complaint } from './complaint.ts'
import { actions, button, input, many, option, plain, raw, table, task } from './some-blocks.ts'

test.each<[string, object, string]>([
  ['an unknown block', { type: 'banner' }, '/blocks/0/type unsupported type: banner'],
  ['a block without type', { text: plain('x') }, '/blocks/0/type missing required field: type'],
  [
    'an unknown field',
    { type: 'divider', color: 'red' },
    '/blocks/0/color invalid additional property: color',
  ],
  ['an empty section', { type: 'section' }, '/blocks/0/text missing required field: text or fields'],
  [
    'an empty text',
    { type: 'section', text: plain('') },
    '/blocks/0/text/text must be more than 0 characters',
  ],
  [
    'a long text',
    { type: 'section', text: plain('x'.repeat(3001)) },
    '/blocks/0/text/text must be less than 3001 characters',
  ],
  [
    '11 fields',
    { type: 'section', fields: many(11, () => plain('x')) },
    '/blocks/0/fields no more than 10 items allowed',
  ],
  [
    'a long field',
    { type: 'section', fields: [plain('x'.repeat(2001))] },
    '/blocks/0/fields/0/text must be less than 2001 characters',
  ],
  [
    'a mrkdwn header',
    { type: 'header', text: { type: 'mrkdwn', text: 'x' } },
    '/blocks/0/text/type unsupported type: mrkdwn',
  ],
  [
    'a long header',
    { type: 'header', text: plain('x'.repeat(151)) },
    '/blocks/0/text/text must be less than 151 characters',
  ],
  ['a string for a text', { type: 'header', text: 'x' }, '/blocks/0/text must provide an object'],
  [
    'emoji on mrkdwn',
    { type: 'section', text: { type: 'mrkdwn', text: 'x', emoji: true } },
    '/blocks/0/text/emoji invalid additional property: emoji',
  ],
  [
    '26 actions',
    actions(...many(26, (index) => button({ action_id: `a${index}` }))),
    '/blocks/0/elements no more than 25 items allowed',
  ],
  [
    'twins among the actions',
    actions(button(), button()),
    '/blocks/0/elements/1/action_id `action_id` "a" already exists',
  ],
  [
    'a long label',
    actions(button({ text: plain('x'.repeat(76)) })),
    '/blocks/0/elements/0/text/text must be less than 76 characters',
  ],
  [
    'a long value',
    actions(button({ value: 'x'.repeat(2001) })),
    '/blocks/0/elements/0/value must be less than 2001 characters',
  ],
  [
    'a green button',
    actions(button({ style: 'green' })),
    '/blocks/0/elements/0/style value must be one of primary, danger',
  ],
  [
    'a long confirmation',
    actions(button({ confirm: { text: plain('x'.repeat(301)) } })),
    '/blocks/0/elements/0/confirm/text/text must be less than 301 characters',
  ],
  [
    'a long title of it',
    actions(button({ confirm: { title: plain('x'.repeat(101)), text: plain('x') } })),
    '/blocks/0/elements/0/confirm/title/text must be less than 101 characters',
  ],
  [
    'an input among actions',
    actions({ type: 'number_input', is_decimal_allowed: true }),
    '/blocks/0/elements/0/type unsupported type: number_input',
  ],
  [
    '6 overflow options',
    actions({ type: 'overflow', options: many(6, (index) => option(`${index}`)) }),
    '/blocks/0/elements/0/options no more than 5 items allowed',
  ],
  [
    'a long option',
    actions({ type: 'static_select', options: [option('x'.repeat(76))] }),
    '/blocks/0/elements/0/options/0/text/text must be less than 76 characters',
  ],
  [
    'a select of nothing',
    actions({ type: 'static_select' }),
    '/blocks/0/elements/0/options missing required field: options or option_groups',
  ],
  [
    'number_input without decimals said',
    input({ type: 'number_input' }),
    '/blocks/0/element/is_decimal_allowed missing required field: is_decimal_allowed',
  ],
  [
    'a number as bound',
    input({ type: 'number_input', is_decimal_allowed: false, min_value: 1 }),
    '/blocks/0/element/min_value must provide a string',
  ],
  [
    'bounds that cross',
    input({ type: 'number_input', is_decimal_allowed: false, min_value: '9', max_value: '8' }),
    '/blocks/0/element/min_value min_value cannot be greater than max_value',
  ],
  [
    'a decimal bound',
    input({ type: 'number_input', is_decimal_allowed: false, max_value: '8.5' }),
    '/blocks/0/element/max_value decimals are not allowed here',
  ],
  ['an empty table cell', table([[raw('')]]), '/blocks/0/rows/0/0/text must be more than 0 characters'],
  ['101 rows', table(many(101, () => [raw('x')])), '/blocks/0/rows no more than 100 items allowed'],
  ['21 cells', table([many(21, () => raw('x'))]), '/blocks/0/rows/0 no more than 20 items allowed'],
  [
    'a mrkdwn cell',
    table([[{ type: 'mrkdwn', text: 'x' }]]),
    '/blocks/0/rows/0/0/type unsupported type: mrkdwn',
  ],
  [
    'a task of unknown status',
    { type: 'plan', title: 'x', tasks: [task({ status: 'done' })] },
    '/blocks/0/tasks/0/status value must be one of pending, in_progress, complete, error',
  ],
  [
    'twin tasks',
    { type: 'plan', title: 'x', tasks: [task(), task()] },
    '/blocks/0/tasks/1/task_id `task_id` "t" already exists',
  ],
  [
    'plain task details',
    task({ details: plain('x') }),
    '/blocks/0/details/type unsupported type: plain_text',
  ],
  [
    'a container of plans',
    { type: 'container', title: plain('x'), child_blocks: [{ type: 'plan', title: 'x' }] },
    '/blocks/0/child_blocks/0/type unsupported type: plan',
  ],
  [
    '11 children',
    { type: 'container', title: plain('x'), child_blocks: many(11, () => ({ type: 'divider' })) },
    '/blocks/0/child_blocks no more than 10 items allowed',
  ],
  [
    'an untitled container',
    { type: 'container', child_blocks: [{ type: 'divider' }] },
    '/blocks/0/title missing required field: title or rich_text_title',
  ],
  [
    'a link in preformatted text of a wrong kind',
    {
      type: 'rich_text',
      elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'user', user_id: 'U1' }] }],
    },
    '/blocks/0/elements/0/elements/0/type unsupported type: user',
  ],
  ['an alert in a message', { type: 'alert', text: plain('x') }, '/blocks/0/type unsupported type: alert'],
  ['a prototype name as type', { type: 'constructor' }, '/blocks/0/type unsupported type: constructor'],
])('%s is refused', (_name, block, expected) => {
  expect(complaint([block])).toBe(expected)
})
