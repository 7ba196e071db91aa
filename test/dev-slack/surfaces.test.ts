import { expect, test } from 'vitest'
import { validateView } from '../../dev/slack/validate/validate.ts'
import { complaint } from './complaint.ts'
import { input, many, plain, raw, table } from './some-blocks.ts'

test('a message takes 50 blocks, one table and no twin block ids', () => {
  const line = { type: 'divider' }
  expect(complaint(many(50, () => line))).toBeUndefined()
  expect(complaint(many(51, () => line))).toBe('/blocks no more than 50 items allowed')
  expect(complaint([table([[raw('x')]]), table([[raw('x')]])])).toBe(
    '/blocks only one table is allowed in a message',
  )
  expect(
    complaint([
      { ...line, block_id: 'x' },
      { ...line, block_id: 'x' },
    ]),
  ).toBe('/blocks/1/block_id `block_id` "x" already exists')
  expect(complaint([table([[raw('{"type":"table"}')]])])).toBeUndefined()
  expect(complaint('x')).toBe('/blocks must provide an array')
  expect(complaint([null])).toBe('/blocks/0 must provide an object')
})

test.each(['plan', 'task_card', 'table', 'markdown', 'container'])('%s is for messages only', (type) => {
  expect(complaint([{ type }], 'modal')).toBe(`/blocks/0/type unsupported type: ${type}`)
  expect(complaint([{ type }], 'home')).toBe(`/blocks/0/type unsupported type: ${type}`)
})

test('a view has a title, a submit button for its inputs, and its own limits', () => {
  const modal = { type: 'modal', title: plain('x'.repeat(24)), blocks: [{ type: 'divider' }] }
  const first = (view: object) => validateView({ ...modal, ...view })[0]?.message
  expect(validateView(modal)).toEqual([])
  expect(first({ title: plain('x'.repeat(25)) })).toBe('must be less than 25 characters')
  expect(first({ private_metadata: 'x'.repeat(3001) })).toBe('must be less than 3001 characters')
  expect(first({ blocks: many(101, () => ({ type: 'divider' })) })).toBe('no more than 100 items allowed')
  const asking = { blocks: [input({ type: 'plain_text_input' })] }
  expect(first(asking)).toBe('missing required field: submit, since there is an input block')
  expect(first({ ...asking, submit: plain('Go') })).toBeUndefined()
  expect(validateView({ type: 'home', blocks: [], title: plain('x') })[0]?.message).toBe(
    'invalid additional property: title',
  )
  expect(validateView({ type: 'sheet' })[0]?.message).toBe('unsupported type: sheet')
})
