import { type Block, elementsOf, inWords } from './block.ts'

/** Where a person's choice in an input is kept. */
export function selectionKey(userId: string, place: string, blockId: string, actionId: string): string {
  return JSON.stringify([userId, place, blockId, actionId])
}

/** `state.values` of a message or view: every input's value, as chosen by this person or as it came. */
export function elementValues(
  selections: ReadonlyMap<string, unknown>,
  userId: string,
  place: string,
  blocks: readonly Block[],
): Record<string, Record<string, unknown>> {
  const values: Record<string, Record<string, unknown>> = {}
  for (const { element, blockId, actionId } of elementsOf(blocks)) {
    const field = valueField(element.type)
    if (field === undefined) continue
    const key = selectionKey(userId, place, blockId, actionId)
    const value = selections.has(key) ? selections.get(key) : initialValue(element, field)
    values[blockId] = { ...values[blockId], [actionId]: { type: element.type, [field]: value } }
  }
  return values
}

/** The field that carries the value of an element of this type; undefined for one that has none, such as a button. */
export function valueField(type: string): string | undefined {
  return fields[type]
}

/** An option of a menu, radio group or checkbox group, by its value. */
function optionByValue(element: Block, value: string): Block | undefined {
  const plain = Array.isArray(element['options']) ? (element['options'] as readonly Block[]) : []
  const grouped = Array.isArray(element['option_groups'])
    ? (element['option_groups'] as readonly Block[])
    : []
  const all = [...plain, ...grouped.flatMap((group) => group['options'] as readonly Block[])]
  return all.find((option) => option['value'] === value)
}

/**
 * The wire form of what a person chose, given plainly: the option's value for menus, a list of them for
 * checkboxes, the text for inputs. An Error says why Slack's client would not let them choose it.
 */
export function chosenValue(element: Block, chosen: unknown): unknown {
  if (chosen === null) return null
  const single = ['static_select', 'radio_buttons', 'overflow'].includes(element.type)
  if (single) return option(element, chosen)
  if (['checkboxes', 'multi_static_select'].includes(element.type)) {
    if (!Array.isArray(chosen)) return new Error(`${element.type} takes a list of option values`)
    const options = chosen.map((value: unknown) => option(element, value))
    return options.find((entry) => entry instanceof Error) ?? options
  }
  if (element.type === 'number_input') return numberProblem(element, inWords(chosen)) ?? inWords(chosen)
  if (element.type === 'plain_text_input') return lengthProblem(element, inWords(chosen)) ?? inWords(chosen)
  return chosen
}

function option(element: Block, chosen: unknown): Block | Error {
  const found = optionByValue(element, inWords(chosen))
  return found ?? new Error(`there is no option "${inWords(chosen)}" in this ${element.type}`)
}

function numberProblem(element: Block, value: string): Error | undefined {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return new Error('Enter a number')
  if (element['is_decimal_allowed'] !== true && value.includes('.')) return new Error('Enter a whole number')
  const { min_value: min, max_value: max } = element
  if (min !== undefined && Number(value) < Number(min))
    return new Error(`Enter a number of at least ${inWords(min)}`)
  if (max !== undefined && Number(value) > Number(max))
    return new Error(`Enter a number of at most ${inWords(max)}`)
  return undefined
}

function lengthProblem(element: Block, value: string): Error | undefined {
  const { min_length: min = 0, max_length: max = 3000 } = element
  if (value.length < Number(min)) return new Error(`Enter at least ${inWords(min)} characters`)
  if (value.length > Number(max)) return new Error(`Enter at most ${inWords(max)} characters`)
  return undefined
}

function initialValue(element: Block, field: string): unknown {
  const initial = element[initialFields[field] ?? 'initial_value']
  if (initial !== undefined) return initial
  return field === 'selected_options' ? [] : null
}

const fields: Readonly<Record<string, string>> = {
  plain_text_input: 'value',
  number_input: 'value',
  email_text_input: 'value',
  url_text_input: 'value',
  rich_text_input: 'rich_text_value',
  static_select: 'selected_option',
  radio_buttons: 'selected_option',
  checkboxes: 'selected_options',
  multi_static_select: 'selected_options',
  users_select: 'selected_user',
  multi_users_select: 'selected_users',
  channels_select: 'selected_channel',
  conversations_select: 'selected_conversation',
  datepicker: 'selected_date',
  timepicker: 'selected_time',
  datetimepicker: 'selected_date_time',
}

const initialFields: Readonly<Record<string, string>> = {
  value: 'initial_value',
  rich_text_value: 'initial_value',
  selected_option: 'initial_option',
  selected_options: 'initial_options',
  selected_user: 'initial_user',
  selected_users: 'initial_users',
  selected_channel: 'initial_channel',
  selected_conversation: 'initial_conversation',
  selected_date: 'initial_date',
  selected_time: 'initial_time',
  selected_date_time: 'initial_date_time',
}
