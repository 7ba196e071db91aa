import { blocksOf } from './blocks.ts'
import {
  bool,
  byType,
  type Check,
  type Context,
  fail,
  list,
  object,
  oneOf,
  type Problem,
  type Surface,
  text,
  unique,
} from './schema.ts'
import { plainText } from './texts.ts'

/** Characters of text in all blocks of a message together; Slack documents no number, this one was met in practice. */
export const maxMessageChars = 13_200

/** All that is wrong with the blocks of a message, modal or home. `pointer` is where they stand in the payload. */
export function validateBlocks(blocks: unknown, surface: Surface, pointer = '/blocks'): readonly Problem[] {
  const context: Context = { surface, problems: [] }
  checkBlocks(surface)(blocks, pointer, context)
  return context.problems
}

/** All that is wrong with a whole view. */
export function validateView(view: unknown, pointer = '/view'): readonly Problem[] {
  const surface = (view as { readonly type?: unknown } | null)?.type === 'home' ? 'home' : 'modal'
  const context: Context = { surface, problems: [] }
  byType(() => ({ modal, home }))(view, pointer, context)
  return context.problems
}

/** The text in the blocks, added up as Slack does for `msg_blocks_too_long`. */
export function charsIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, entry) => sum + charsIn(entry), 0)
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce(
    (sum, [name, entry]) =>
      sum + (name === 'text' && typeof entry === 'string' ? entry.length : charsIn(entry)),
    0,
  )
}

function checkBlocks(surface: Surface): Check {
  const most = surface === 'message' ? 50 : 100
  const each = list(
    byType(() => blocksOf[surface]),
    { max: most, min: 0 },
  )
  return (value, pointer, context) => {
    each(value, pointer, context)
    unique(value, 'block_id', pointer, context)
    if (surface === 'message') oneTableOnly(value, pointer, context)
  }
}

function oneTableOnly(value: unknown, pointer: string, context: Context): void {
  const tables = JSON.stringify(value ?? []).match(/"type":"(?:data_)?table"/g) ?? []
  if (tables.length > 1) {
    fail(context, pointer, 'only one table is allowed in a message', undefined, { type: 'max_items', max: 1 })
  }
}

const common = {
  blocks: (value: unknown, pointer: string, context: Context) =>
    checkBlocks(context.surface)(value, pointer, context),
  'private_metadata?': text({ max: 3000 }),
  'callback_id?': text({ max: 255 }),
  'external_id?': text({ max: 255 }),
}

const home = object({ type: oneOf('home'), ...common })

const modal = object(
  {
    type: oneOf('modal'),
    title: plainText(24),
    'submit?': plainText(24),
    'close?': plainText(24),
    'clear_on_close?': bool,
    'notify_on_close?': bool,
    'submit_disabled?': bool,
    ...common,
  },
  (given, pointer, context) => {
    const blocks = Array.isArray(given['blocks']) ? (given['blocks'] as readonly unknown[]) : []
    const hasInput = blocks.some((block) => (block as { readonly type?: unknown } | null)?.type === 'input')
    if (hasInput && given['submit'] === undefined) {
      fail(
        context,
        `${pointer}/submit`,
        'missing required field: submit, since there is an input block',
        'missing_field',
      )
    }
  },
)
