import { accessoryElements, actionElements, imageElement, inputElements } from './elements.ts'
import { onlyRichText, richText } from './rich-text.ts'
import {
  anything,
  bool,
  byType,
  type Check,
  fail,
  type Fields,
  list,
  number,
  object,
  oneOf,
  type Rule,
  type Surface,
  text,
  unique,
} from './schema.ts'
import { anyText, either, mrkdwn, plainText, url } from './texts.ts'

function block(type: string, fields: Fields, ...rules: readonly Rule[]): Check {
  return object({ type: oneOf(type), 'block_id?': text({ max: 255 }), ...fields }, ...rules)
}

const section = block(
  'section',
  {
    'text?': anyText(3000),
    'fields?': list(anyText(2000), { max: 10 }),
    'accessory?': byType(() => accessoryElements),
    'expand?': bool,
  },
  (given, pointer, context) => {
    if (given['text'] === undefined && given['fields'] === undefined) {
      fail(context, `${pointer}/text`, 'missing required field: text or fields', 'missing_field')
    }
  },
)

const actions = block(
  'actions',
  {
    elements: list(
      byType(() => actionElements),
      { max: 25 },
    ),
  },
  (given, pointer, context) => unique(given['elements'], 'action_id', `${pointer}/elements`, context),
)

const context = block('context', {
  elements: list(
    byType(() => ({ image: imageElement, plain_text: plainText(3000), mrkdwn: mrkdwn(3000) })),
    { max: 10 },
  ),
})

const input = block('input', {
  label: plainText(2000),
  element: byType(() => inputElements),
  'hint?': plainText(2000),
  'optional?': bool,
  'dispatch_action?': bool,
})

const image = block(
  'image',
  {
    alt_text: text({ min: 1, max: 2000 }),
    'title?': plainText(2000),
    'image_url?': url,
    'slack_file?': anything,
  },
  either('image_url', 'slack_file'),
)

const cell = byType(() => ({
  raw_text: object({ type: oneOf('raw_text'), text: text({ min: 1 }) }),
  raw_number: object({ type: oneOf('raw_number'), value: number(-1e15, 1e15), text: text({ min: 1 }) }),
  rich_text: richText,
}))
const rows = list(list(cell, { max: 20 }), { max: 100 })

const table = block('table', {
  rows,
  'column_settings?': list(object({ 'align?': oneOf('left', 'center', 'right'), 'is_wrapped?': bool }), {
    max: 20,
    min: 0,
  }),
})

const dataTable = block('data_table', {
  rows,
  caption: text({ min: 1 }),
  'page_size?': number(1, 100),
  'row_header_column_index?': number(0, 19),
})

const taskCard = block('task_card', {
  task_id: text({ min: 1, max: 255 }),
  title: text({ min: 1, max: 256 }),
  status: oneOf('pending', 'in_progress', 'complete', 'error'),
  'details?': onlyRichText,
  'output?': onlyRichText,
  'sources?': list(object({ type: oneOf('url'), url, text: text({ min: 1 }) }), { min: 0 }),
})

const plan = block(
  'plan',
  {
    title: text({ min: 1, max: 256 }),
    'tasks?': list(
      byType(() => ({ task_card: taskCard })),
      { max: 50 },
    ),
  },
  (given, pointer, context_) => unique(given['tasks'], 'task_id', `${pointer}/tasks`, context_),
)

const container = block(
  'container',
  {
    'title?': plainText(150),
    'rich_text_title?': onlyRichText,
    'subtitle?': anyText(150),
    child_blocks: list(
      byType(() => containable),
      { max: 10 },
    ),
    'width?': oneOf('narrow', 'standard', 'wide', 'full'),
    'icon?': imageElement,
    'is_collapsible?': bool,
    'default_collapsed?': bool,
    'has_header_divider?': bool,
  },
  (given, pointer, context_) => {
    if (given['title'] === undefined && given['rich_text_title'] === undefined) {
      fail(context_, `${pointer}/title`, 'missing required field: title or rich_text_title', 'missing_field')
    }
    if (given['default_collapsed'] === true && given['is_collapsible'] !== true) {
      fail(context_, `${pointer}/default_collapsed`, 'requires is_collapsible')
    }
  },
)

const divider = block('divider', {})
const header = block('header', { text: plainText(150) })
const everywhere = { actions, context, divider, header, image, input, rich_text: richText, section }

const containable: Readonly<Record<string, Check>> = { ...everywhere, table }

const alert = block('alert', {
  text: anyText(3000),
  'level?': oneOf('default', 'info', 'warning', 'error', 'success'),
})

/** The blocks that each surface takes. Sources disagree about `alert` in messages: here it is refused. */
export const blocksOf: Readonly<Record<Surface, Readonly<Record<string, Check>>>> = {
  message: {
    ...everywhere,
    container,
    data_table: dataTable,
    markdown: block('markdown', { text: text({ min: 1, max: 12_000 }) }),
    plan,
    table,
    task_card: taskCard,
  },
  modal: { ...everywhere, alert },
  home: everywhere,
}
