import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitAtInstants, writtenInstant } from '../../src/incidents/written-instant.ts'

describe('instants in the sentences of a notice', () => {
  it('stand as text that anybody can read, and are found again', () => {
    const atMs = Date.UTC(2026, 10, 24, 3, 12, 5)
    expect(writtenInstant(atMs + 999)).toBe('2026-11-24T03:12:05Z')
    expect(splitAtInstants(`Changed at ${writtenInstant(atMs)}, not by me.`)).toEqual([
      'Changed at ',
      atMs,
      ', not by me.',
    ])
  })

  it('are not seen where there is none', () => {
    expect(splitAtInstants('')).toEqual([])
    expect(splitAtInstants('/etc/2026-99-99T99:99:99Z:7 on 2026-11-24')).toEqual([
      '/etc/2026-99-99T99:99:99Z:7 on 2026-11-24',
    ])
  })

  it('take nothing away from the text around them', () => {
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map((at) => at * 1_000)
    const words = fc.constantFrom(' ', '. ', 'mx1 ', '1-', 'T', '\n')
    fc.assert(
      fc.property(fc.array(fc.oneof(seconds, words)), (pieces) => {
        const text = pieces.map((one) => (typeof one === 'number' ? writtenInstant(one) : one)).join('')
        const split = splitAtInstants(text)
        expect(split.map((one) => (typeof one === 'number' ? writtenInstant(one) : one)).join('')).toBe(text)
      }),
    )
  })
})
