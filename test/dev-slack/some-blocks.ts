/** Good blocks and elements, small ones, to build tests' blocks from. */
export const plain = (text: string) => ({ type: 'plain_text', text })
export const words = (text: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
})
export const button = (more: object = {}) => ({ type: 'button', action_id: 'a', text: plain('Go'), ...more })
export const option = (value: string) => ({ text: plain(value), value })
export const actions = (...elements: object[]) => ({ type: 'actions', elements })
export const input = (element: object) => ({ type: 'input', label: plain('Value'), element })
export const table = (rows: object[][]) => ({ type: 'table', rows })
export const raw = (text: string) => ({ type: 'raw_text', text })
export const task = (more: object = {}) => ({
  type: 'task_card',
  task_id: 't',
  title: 'Back up',
  status: 'pending',
  ...more,
})
export const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index))
