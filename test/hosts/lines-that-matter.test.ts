import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { lineMatters } from '../../src/hosts/lines-that-matter.ts'

test('the helper and the local reader look for the same words', () => {
  const helper = readFileSync(new URL('../../host/maillimit-host', import.meta.url), 'utf8')
  const words = /^readonly NEEDLES='([^']+)'/m.exec(helper)?.[1]?.split('\n') ?? []
  expect(words.length).toBeGreaterThan(3)
  for (const word of words) expect(lineMatters(Buffer.from(`x ${word} y`))).toBe(true)
  const source = readFileSync(new URL('../../src/hosts/lines-that-matter.ts', import.meta.url), 'utf8')
  const list = /NEEDLES.*?\]\.map/s.exec(source)?.[0] ?? ''
  expect([...list.matchAll(/'([^']+)',/g)].map((found) => found[1])).toEqual(words)
})

test('other lines do not matter, whatever their bytes', () => {
  expect(lineMatters(Buffer.from('imap-login: Login: user=<taro>'))).toBe(false)
  expect(lineMatters(Buffer.from([0xff, 0xfe, 0]))).toBe(false)
  expect(lineMatters(Buffer.alloc(0))).toBe(false)
})
