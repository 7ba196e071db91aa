import { inWords } from '../block.ts'
import { richText } from './rich-text.ts'
import {
  anything,
  bool,
  type Check,
  fail,
  type Fields,
  list,
  number,
  object,
  oneOf,
  type Rule,
  text,
} from './schema.ts'
import { confirm, either, option, optionGroup, plainText, url } from './texts.ts'

const actionId = { 'action_id?': text({ min: 1, max: 255 }) }
const confirmable = { 'confirm?': confirm }
const focusable = { 'focus_on_load?': bool }
const placeholder = { 'placeholder?': plainText(150) }
const dispatch = {
  'dispatch_action_config?': object({
    'trigger_actions_on?': list(oneOf('on_enter_pressed', 'on_character_entered'), { max: 2 }),
  }),
}
const menu = { ...actionId, ...confirmable, ...focusable, ...placeholder }
const severalOf = { 'max_selected_items?': number(1, 100) }
const id = text({ min: 1, max: 255 })

function element(type: string, fields: Fields, ...rules: readonly Rule[]): Check {
  return object({ type: oneOf(type), ...fields }, ...rules)
}

const button = element('button', {
  ...actionId,
  ...confirmable,
  text: plainText(75),
  'value?': text({ max: 2000 }),
  'url?': url,
  'style?': oneOf('primary', 'danger'),
  'accessibility_label?': text({ max: 75 }),
})

const staticOptions = {
  'options?': list(option('plain'), { max: 100 }),
  'option_groups?': list(optionGroup, { max: 100 }),
}

const numberInput = element(
  'number_input',
  {
    ...actionId,
    ...dispatch,
    ...focusable,
    ...placeholder,
    is_decimal_allowed: bool,
    'initial_value?': decimal(),
    'min_value?': decimal(),
    'max_value?': decimal(),
  },
  (given, pointer, context) => {
    const { min_value: min, max_value: max } = given
    if (typeof min === 'string' && typeof max === 'string' && Number(min) > Number(max)) {
      fail(context, `${pointer}/min_value`, 'min_value cannot be greater than max_value')
    }
    for (const name of given['is_decimal_allowed'] === false
      ? ['initial_value', 'min_value', 'max_value']
      : []) {
      if (inWords(given[name]).includes('.')) {
        fail(context, `${pointer}/${name}`, 'decimals are not allowed here')
      }
    }
  },
)

function decimal(): Check {
  return text({ min: 1, max: 255, pattern: /^-?\d+(?:\.\d+)?$/ })
}

const choice = { ...actionId, ...confirmable, ...focusable, options: list(option('rich'), { max: 10 }) }
const typed = { ...actionId, ...dispatch, ...focusable, ...placeholder, 'initial_value?': text() }
const picture = element(
  'image',
  { alt_text: text({ min: 1, max: 2000 }), 'image_url?': url, 'slack_file?': anything },
  either('image_url', 'slack_file'),
)

/** Elements that have a value, so they may stand in an input block. */
const stateful: Readonly<Record<string, Check>> = {
  checkboxes: element('checkboxes', { ...choice, 'initial_options?': list(option('rich'), { max: 10 }) }),
  radio_buttons: element('radio_buttons', { ...choice, 'initial_option?': option('rich') }),
  datepicker: element('datepicker', { ...menu, 'initial_date?': text({ pattern: /^\d{4}-\d\d-\d\d$/ }) }),
  timepicker: element('timepicker', {
    ...menu,
    'initial_time?': text({ pattern: /^\d\d:\d\d$/ }),
    'timezone?': text(),
  }),
  datetimepicker: element('datetimepicker', {
    ...actionId,
    ...confirmable,
    ...focusable,
    'initial_date_time?': number(1_000_000_000, 9_999_999_999),
  }),
  static_select: element(
    'static_select',
    { ...menu, ...staticOptions, 'initial_option?': option('plain') },
    either('options', 'option_groups'),
  ),
  multi_static_select: element(
    'multi_static_select',
    { ...menu, ...severalOf, ...staticOptions, 'initial_options?': list(option('plain'), { max: 100 }) },
    either('options', 'option_groups'),
  ),
  users_select: element('users_select', { ...menu, 'initial_user?': id }),
  multi_users_select: element('multi_users_select', { ...menu, ...severalOf, 'initial_users?': list(id) }),
  channels_select: element('channels_select', {
    ...menu,
    'initial_channel?': id,
    'response_url_enabled?': bool,
  }),
  conversations_select: element('conversations_select', {
    ...menu,
    'initial_conversation?': id,
    'default_to_current_conversation?': bool,
    'filter?': anything,
    'response_url_enabled?': bool,
  }),
}

/** Elements that only an input block may hold. */
const inputOnly: Readonly<Record<string, Check>> = {
  plain_text_input: element('plain_text_input', {
    ...typed,
    'initial_value?': text({ max: 3000 }),
    'multiline?': bool,
    'min_length?': number(0, 3000),
    'max_length?': number(1, 3000),
  }),
  number_input: numberInput,
  email_text_input: element('email_text_input', typed),
  url_text_input: element('url_text_input', typed),
  rich_text_input: element('rich_text_input', { ...typed, 'initial_value?': richText }),
}

const overflow = element('overflow', {
  ...actionId,
  ...confirmable,
  options: list(option('overflow'), { max: 5 }),
})

export const accessoryElements: Readonly<Record<string, Check>> = {
  button,
  image: picture,
  overflow,
  ...stateful,
}
export const actionElements: Readonly<Record<string, Check>> = { button, overflow, ...stateful }
export const inputElements: Readonly<Record<string, Check>> = { ...stateful, ...inputOnly }
export const imageElement: Check = picture
