import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestLine } from '../../src/hosts/request-line.ts'

test('a request is one line of words; absent values are left out', () => {
  expect(requestLine('hello')).toBe('maillimit/1 hello\n')
  expect(requestLine('plan', { service: 'imap', value: 20, client: undefined })).toBe(
    'maillimit/1 plan service=imap value=20\n',
  )
  expect(requestLine('who', { user: 'täro+x@example.com' })).toBe(
    'maillimit/1 who user=t%C3%A4ro%2Bx@example.com\n',
  )
  expect(requestLine('follow', { cursor: 's=1;i=2' })).toBe('maillimit/1 follow cursor=s%3D1%3Bi%3D2\n')
})

test('whatever a value holds, the line stays one line of words of allowed bytes, and decodes to the value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (user) => {
      const line = requestLine('who', { user })
      expect(line).toMatch(/^maillimit\/1 who user=(?:[A-Za-z0-9._~:/@-]|%[0-9A-F]{2})*\n$/)
      expect(decodeURIComponent(line.slice('maillimit/1 who user='.length, -1))).toBe(user)
    }),
  )
})

test('a request of more than 1024 bytes is not sent at all', () => {
  const room = 1024 - 'maillimit/1 who user=\n'.length
  expect(requestLine('who', { user: 'x'.repeat(room) })).toHaveLength(1024)
  expect(() => requestLine('who', { user: 'x'.repeat(room + 1) })).toThrow(
    expect.objectContaining({ code: 'request-too-long' }),
  )
  expect(() => requestLine('who', { user: 'ä'.repeat(255) })).toThrow(/1024 bytes/)
})
