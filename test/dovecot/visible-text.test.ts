import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visibleText } from '../../src/dovecot/visible-text.ts'

test('shows what draws nothing or turns the direction of writing', () => {
  expect(visibleText('a\u202eb\u200bc\u00add\u{e0041}e\tf')).toBe(
    'a\\u{202e}b\\u{200b}c\\u{ad}d\\u{e0041}e?f',
  )
})

test('keeps names of every script', () => {
  for (const name of ['taro@example.com', 'たろう', 'Ñandú', 'пётр', '🙂'])
    expect(visibleText(name)).toBe(name)
})

test('is well-formed and capped, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.nat(20), (text, maxChars) => {
      const shown = visibleText(text, maxChars)
      expect(shown.isWellFormed()).toBe(true)
      expect(shown.length).toBeLessThanOrEqual(maxChars + 1)
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }),
  )
})
