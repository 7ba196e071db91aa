import { bool, byType, type Check, list, number, object, oneOf, text } from './schema.ts'
import { url } from './texts.ts'

const style = {
  'style?': object({ 'bold?': bool, 'italic?': bool, 'strike?': bool, 'code?': bool, 'underline?': bool }),
}
const id = text({ min: 1, max: 255 })

const inline: Readonly<Record<string, Check>> = {
  text: object({ type: oneOf('text'), text: text({ min: 1 }), ...style }),
  link: object({ type: oneOf('link'), url, 'text?': text(), 'unsafe?': bool, ...style }),
  user: object({ type: oneOf('user'), user_id: id, ...style }),
  usergroup: object({ type: oneOf('usergroup'), usergroup_id: id, ...style }),
  channel: object({ type: oneOf('channel'), channel_id: id, ...style }),
  team: object({ type: oneOf('team'), team_id: id, ...style }),
  broadcast: object({ type: oneOf('broadcast'), range: oneOf('here', 'channel', 'everyone'), ...style }),
  emoji: object({ type: oneOf('emoji'), name: text({ min: 1 }), 'unicode?': text(), 'url?': url, ...style }),
  color: object({ type: oneOf('color'), value: text({ min: 1 }), ...style }),
  date: object({
    type: oneOf('date'),
    timestamp: number(0, 99_999_999_999),
    format: text({ min: 1 }),
    'url?': url,
    'fallback?': text(),
    ...style,
  }),
}

const border = { 'border?': oneOf(0, 1) }
const words = list(byType(() => inline))
const section = object({ type: oneOf('rich_text_section'), elements: words })

const parts: Readonly<Record<string, Check>> = {
  rich_text_section: section,
  rich_text_quote: object({ type: oneOf('rich_text_quote'), elements: words, ...border }),
  rich_text_preformatted: object({
    type: oneOf('rich_text_preformatted'),
    elements: list(byType(() => ({ text: inline['text'] as Check, link: inline['link'] as Check }))),
    ...border,
  }),
  rich_text_list: object({
    type: oneOf('rich_text_list'),
    elements: list(byType(() => ({ rich_text_section: section }))),
    style: oneOf('bullet', 'ordered'),
    'indent?': number(0, 8),
    'offset?': number(0, 10_000),
    ...border,
  }),
}

export const richText: Check = object({
  type: oneOf('rich_text'),
  'block_id?': text({ max: 255 }),
  elements: list(byType(() => parts)),
})

/** The same, where the field holds nothing else. */
export const onlyRichText: Check = byType(() => ({ rich_text: richText }))
