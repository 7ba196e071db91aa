import type { Button as ButtonElement, KnownBlock, PlainTextElement, RichTextElement } from '@slack/types'
import { inert, inertLines } from '../inert.ts'
import type { Button, Page, Piece, Step } from './piece.ts'
import { mrkdwn, plain, type Sentence, type Span, utc } from './span.ts'

/**
 * `rich`: the newest blocks, for messages. `classic`: section, fields and context alone, for when Slack refuses the rich form.
 * `surface`: modals and App Home, which take rich_text but neither table nor plan.
 */
export type Form = 'rich' | 'classic' | 'surface'

const maxBlocks = { rich: 50, classic: 50, surface: 100 } as const
const textMax = 2900
const cellMax = 300
const gridRows = 60

/** Blocks that are within Slack's limits whatever the page holds. Only the first grid is a table: a message may have one. */
export function blocksOf(page: Page, form: Form): KnownBlock[] {
  let tables = 0
  const blocks = page.pieces.map((piece): KnownBlock[] => {
    if (piece.kind === 'grid' && form === 'rich' && tables++ === 0) return [table(piece)]
    return form === 'classic' ? classic(piece) : rich(piece, form)
  })
  return withinLimits(blocks.flat(), maxBlocks[form])
}

export function plainText(text: string, max: number): PlainTextElement {
  return { type: 'plain_text', text: filled(inert(text, max)), emoji: false }
}

function rich(piece: Piece, form: 'rich' | 'surface'): KnownBlock[] {
  switch (piece.kind) {
    case 'text':
      return [richText([{ type: 'rich_text_section', elements: elements(piece.sentence) }])]
    case 'list':
      return piece.items.length === 0
        ? []
        : [
            richText([
              {
                type: 'rich_text_list',
                style: 'bullet',
                elements: piece.items.map((item) => ({
                  type: 'rich_text_section',
                  elements: elements(item),
                })),
              },
            ]),
          ]
    case 'code':
      return [preformatted(piece.text)]
    case 'grid':
      return [preformatted(columns([piece.head, ...piece.rows.slice(0, gridRows)]))]
    case 'details':
      return form === 'surface' ? [richText([bold(piece.title)]), preformatted(piece.text)] : [folded(piece)]
    case 'steps':
      return form === 'surface' ? classic(piece) : [plan(piece.title, piece.steps)]
    default:
      return common(piece)
  }
}

function classic(piece: Piece): KnownBlock[] {
  switch (piece.kind) {
    case 'text':
      return [{ type: 'section', text: textObject(piece.sentence) }]
    case 'list':
      return piece.items.length === 0 ? [] : [lines(piece.items.map((item) => `• ${plain(item, 400)}`))]
    case 'code':
      return [lines(piece.text.split('\n'))]
    case 'grid':
      return piece.head.length === 2 ? fields(piece.rows) : [lines(piece.rows.map((row) => row.join(' · ')))]
    case 'details':
      return [lines([`${piece.title}:`, ...piece.text.split('\n')])]
    case 'steps':
      return [lines([piece.title, ...piece.steps.map(stepLine)])]
    default:
      return common(piece)
  }
}

function common(piece: Extract<Piece, { kind: 'header' | 'small' | 'buttons' | 'divider' }>): KnownBlock[] {
  switch (piece.kind) {
    case 'header':
      return [{ type: 'header', text: plainText(piece.text, 150) }]
    case 'small':
      return [{ type: 'context', elements: [textObject(piece.sentence)] }]
    case 'divider':
      return [{ type: 'divider' }]
    case 'buttons':
      return piece.buttons.length === 0
        ? []
        : [{ type: 'actions', elements: piece.buttons.slice(0, 25).map(button) }]
  }
}

function elements(sentence: Sentence): RichTextElement[] {
  const made: RichTextElement[] = []
  let left = textMax
  for (const span of sentence) {
    const element = richElement(span, left)
    left -= element.type === 'text' ? element.text.length : 30
    made.push(element)
    if (left <= 0) break
  }
  return made.length === 0 ? [{ type: 'text', text: ' ' }] : made
}

function richElement(span: Span, left: number): RichTextElement {
  if (span.kind === 'person') return { type: 'user', user_id: span.id }
  if (span.kind === 'time') {
    // Slack counts seconds from 1970 on; anything before is shown as text.
    if (span.atMs < 0) return { type: 'text', text: utc(span.atMs) }
    const timestamp = Math.floor(span.atMs / 1000)
    return { type: 'date', timestamp, format: '{date_short_pretty} {time_secs}', fallback: utc(span.atMs) }
  }
  // A single space is fine between two runs; only nothing at all is refused.
  const text = inert(span.text, Math.max(2, left)) || ' '
  return span.style === undefined
    ? { type: 'text', text }
    : { type: 'text', text, style: { [span.style]: true } }
}

function richText(parts: Extract<KnownBlock, { type: 'rich_text' }>['elements']): KnownBlock {
  return { type: 'rich_text', elements: parts }
}

function bold(text: string): Extract<KnownBlock, { type: 'rich_text' }>['elements'][number] {
  return {
    type: 'rich_text_section',
    elements: [{ type: 'text', text: filled(inert(text, 150)), style: { bold: true } }],
  }
}

function preformatted(text: string): Extract<KnownBlock, { type: 'rich_text' }> {
  const element = { type: 'text', text: filled(inertLines(text, textMax)) } as const
  return { type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [element] }] }
}

function folded(piece: { readonly title: string; readonly text: string }): KnownBlock {
  return {
    type: 'container',
    title: plainText(piece.title, 150),
    is_collapsible: true,
    default_collapsed: true,
    child_blocks: [preformatted(piece.text)],
  }
}

function table(piece: Extract<Piece, { kind: 'grid' }>): KnownBlock {
  const rows = [piece.head, ...piece.rows.slice(0, gridRows)]
  return {
    type: 'table',
    column_settings: piece.head.map(() => ({ is_wrapped: true })),
    rows: rows.map((row) => row.map((cell) => ({ type: 'raw_text', text: filled(inert(cell, cellMax)) }))),
  }
}

function plan(title: string, steps: readonly Step[]): KnownBlock {
  return {
    type: 'plan',
    title: filled(inert(title, 150)),
    tasks: steps.slice(0, 40).map((step) => ({
      type: 'task_card',
      task_id: step.id,
      title: filled(inert(step.title, 150)),
      status: step.state,
      ...(step.details.length === 0
        ? {}
        : {
            details: {
              type: 'rich_text',
              elements: [{ type: 'rich_text_section', elements: elements(step.details) }],
            },
          }),
    })),
  }
}

const stepSigns = { pending: '▫️', in_progress: '⏳', complete: '✅', error: '❌' } as const

function stepLine(step: Step): string {
  const details = step.details.length === 0 ? '' : `: ${plain(step.details, 200)}`
  return `${stepSigns[step.state]} ${step.title}${details}`
}

function button(given: Button): ButtonElement {
  return {
    type: 'button',
    action_id: given.action,
    text: plainText(given.label, 75),
    value: given.value.slice(0, 2000),
    ...(given.style === undefined ? {} : { style: given.style }),
    ...(given.confirm === undefined
      ? {}
      : {
          confirm: {
            title: plainText(given.confirm.title, 100),
            text: plainText(given.confirm.text, 300),
            confirm: plainText(given.confirm.yes, 30),
            deny: plainText(given.confirm.no, 30),
          },
        }),
  }
}

/** mrkdwn only for our own words, since `*`, `_` and the backtick cannot be escaped in it. */
function textObject(sentence: Sentence): PlainTextElement | { type: 'mrkdwn'; text: string; verbatim: true } {
  const marked = mrkdwn(sentence, textMax)
  if (marked === undefined || marked.trim() === '') return plainText(plain(sentence, textMax), textMax)
  return { type: 'mrkdwn', text: marked, verbatim: true }
}

function lines(given: readonly string[]): KnownBlock {
  const text = filled(inertLines(given.join('\n'), textMax))
  return { type: 'section', text: { type: 'plain_text', text, emoji: false } }
}

function fields(rows: readonly (readonly string[])[]): KnownBlock[] {
  const blocks: KnownBlock[] = []
  for (let at = 0; at < Math.min(rows.length, gridRows); at += 10) {
    const ten = rows.slice(at, at + 10)
    blocks.push({
      type: 'section',
      fields: ten.map(([name = '', value = '']) => plainText(`${name}: ${value}`, cellMax + 60)),
    })
  }
  return blocks
}

function columns(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map((cell) => inert(cell, 60)))
  const widths = (safe[0] ?? []).map((_, column) =>
    Math.max(...safe.map((row) => (row[column] ?? '').length)),
  )
  return safe
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Slack refuses more text than this in all blocks of a message together (`msg_blocks_too_long`, met near 13,200). */
const totalMax = 12_000

/** What does not fit is left out, the longest first, and said to be; header and buttons are never the ones to go. */
function withinLimits(blocks: readonly KnownBlock[], max: number): KnownBlock[] {
  const sized = blocks.map((block) => ({
    block,
    size: textSize(block),
    spare: block.type !== 'header' && block.type !== 'actions',
  }))
  const order = [...sized].sort((a, b) => b.size - a.size)
  let total = sized.reduce((sum, { size }) => sum + size, 0)
  const dropped = new Set<KnownBlock>()
  for (const { block, size, spare } of order) {
    if (total <= totalMax) break
    if (!spare) continue
    dropped.add(block)
    total -= size
  }
  const fromEnd = sized.filter(({ spare, block }) => spare && !dropped.has(block)).toReversed()
  for (const { block } of fromEnd) {
    if (blocks.length - dropped.size + 1 <= max) break
    dropped.add(block)
  }
  if (dropped.size === 0) return [...blocks]
  const kept = blocks.filter((block) => !dropped.has(block))
  const note: KnownBlock = {
    type: 'context',
    elements: [plainText('There was more than a message can hold.', 100)],
  }
  const buttonsAt = kept.findIndex(({ type }) => type === 'actions')
  return buttonsAt < 0 ? [...kept, note] : kept.toSpliced(buttonsAt, 0, note)
}

function textSize(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) return value.reduce((sum: number, entry) => sum + textSize(entry), 0)
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce(
    (sum, [name, entry]) => sum + (name === 'type' ? 0 : textSize(entry)),
    0,
  )
}

function filled(text: string): string {
  return text.trim() === '' ? '–' : text
}
