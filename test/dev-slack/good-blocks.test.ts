import { expect, test } from 'vitest'
import { validateBlocks } from '../../dev/slack/validate/validate.ts'
import { actions, button, input, many, option, plain, raw, table, task, words } from './some-blocks.ts'

test.each<[string, object]>([
  ['section with text', { type: 'section', text: { type: 'mrkdwn', text: '*x*', verbatim: true } }],
  ['section with fields', { type: 'section', fields: many(10, () => plain('x')) }],
  ['section with an accessory', { type: 'section', text: plain('x'), accessory: button() }],
  ['header', { type: 'header', text: plain('x'.repeat(150)) }],
  ['context', { type: 'context', elements: [plain('x'), { type: 'mrkdwn', text: 'y' }] }],
  ['divider', { type: 'divider', block_id: 'line' }],
  [
    'button with everything',
    actions(
      button({
        value: 'v'.repeat(2000),
        style: 'danger',
        confirm: {
          title: plain('Sure?'),
          text: { type: 'mrkdwn', text: 'x' },
          confirm: plain('Yes'),
          deny: plain('No'),
        },
      }),
    ),
  ],
  [
    'overflow',
    actions({ type: 'overflow', action_id: 'o', options: many(5, (index) => option(`${index}`)) }),
  ],
  [
    'static select',
    actions({ type: 'static_select', action_id: 's', options: [option('1')], initial_option: option('1') }),
  ],
  [
    'radio and checkboxes',
    actions(
      { type: 'radio_buttons', action_id: 'r', options: [option('1')] },
      { type: 'checkboxes', action_id: 'c', options: [option('1')] },
    ),
  ],
  [
    'number input',
    input({
      type: 'number_input',
      action_id: 'n',
      is_decimal_allowed: false,
      min_value: '11',
      max_value: '100',
      initial_value: '20',
    }),
  ],
  ['text input', input({ type: 'plain_text_input', action_id: 'n', max_length: 100, multiline: true })],
  [
    'rich text',
    {
      type: 'rich_text',
      elements: [
        { type: 'rich_text_preformatted', elements: [{ type: 'text', text: '- 10' }], border: 0 },
        { type: 'rich_text_list', style: 'bullet', elements: [words('x').elements[0]] },
      ],
    },
  ],
  [
    'table',
    {
      ...table(many(100, () => many(20, () => raw('x')))),
      column_settings: [{ align: 'right', is_wrapped: true }],
    },
  ],
  ['table of rich text', table([[words('x'), raw('y')]])],
  ['markdown', { type: 'markdown', text: '# x' }],
  [
    'plan',
    {
      type: 'plan',
      title: 'Raise',
      tasks: [task(), task({ task_id: 'u', status: 'error', details: words('x'), output: words('y') })],
    },
  ],
  [
    'container',
    {
      type: 'container',
      title: plain('More'),
      is_collapsible: true,
      default_collapsed: true,
      child_blocks: [{ type: 'divider' }, table([[raw('x')]])],
    },
  ],
  ['image', { type: 'image', image_url: 'https://example.com/x.png', alt_text: 'x' }],
])('a good %s passes', (_name, block) => {
  expect(validateBlocks([block], 'message')).toEqual([])
})
