import { expect, test } from 'vitest'
import { mostTogether } from '../../src/diagnosis/most-together.ts'
import { suggestValue } from '../../src/diagnosis/suggest-value.ts'

const base = { open: 10, refusedTogether: 1, limit: 10, cap: 1000 }

test.each([
  ['one refused', base, 20],
  ['ten refused at once', { ...base, refusedTogether: 10 }, 25],
  ['a flood of refusals counts as much as what is open', { ...base, refusedTogether: 5000 }, 25],
  ['none refused lately', { ...base, refusedTogether: 0 }, 15],
  ['tens above fifty', { ...base, open: 45, limit: 45 }, 60],
  ['fifties above a hundred', { ...base, open: 100, limit: 100 }, 150],
  ['always above the limit in force', { ...base, open: 8, limit: 30 }, 35],
  ['the cap, when it is nearer', { ...base, cap: 14 }, 14],
  [
    'the cap, when even that is too little',
    { ...base, open: 30, limit: 30, refusedTogether: 20, cap: 40 },
    40,
  ],
  ['nothing at the cap', { ...base, cap: 10 }, undefined],
])('%s', (_, facts, value) => {
  const suggestion = suggestValue(facts)
  expect(suggestion.value).toBe(value)
  expect(suggestion.why).toMatch(/\.$/)
})

test.each([
  ['none', [], 0],
  ['a client that tries again every ten seconds', [0, 10_000, 20_000], 1],
  ['two at once, in any order', [20_000, 0, 20_100, 50_000], 2],
  ['just within the stretch, and just outside', [0, 5_000, 5_001], 2],
])('of the refusals together are counted: %s', (_, instants, most) => {
  expect(mostTogether(instants)).toBe(most)
})
