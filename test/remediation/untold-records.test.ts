import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TranscriptRecord } from '../../src/remediation/mail-host.ts'
import { untoldRecords } from '../../src/remediation/untold-records.ts'

function stepsNamed(...names: readonly string[]): readonly TranscriptRecord[] {
  return names.map((name, index) => ({ kind: 'step', name, state: 'ok', atMs: index, detail: '' }))
}

const SEEN = stepsNamed('lock', 'heal', 'check', 'try', 'backup', 'write', 'install')
const HEALED: readonly TranscriptRecord[] = [
  { kind: 'step', name: 'heal', state: 'ok', atMs: 70, detail: 'cut short after the file was replaced' },
  { kind: 'step', name: 'diff', state: 'ok', atMs: 71, detail: '1 line differs' },
]

it('is the tail that the connection did not bring', () => {
  expect(untoldRecords(SEEN.slice(0, 3), SEEN)).toEqual(SEEN.slice(3))
  expect(untoldRecords([], SEEN)).toEqual(SEEN)
  expect(untoldRecords(SEEN, SEEN)).toEqual([])
})

it('is everything after the power cut that took what we saw, and nothing of it twice', () => {
  const theirs = [...SEEN.slice(0, 4), ...HEALED]
  expect(untoldRecords(SEEN, theirs)).toEqual(HEALED)
  expect(untoldRecords([...SEEN, ...HEALED.slice(0, 1)], theirs)).toEqual(HEALED.slice(1))
  expect(untoldRecords([...SEEN, ...HEALED], theirs)).toEqual([])
  expect(untoldRecords(SEEN, [])).toEqual([])
})

it('leaves nothing untold, wherever the connection broke and however often the power was cut', () => {
  const record = fc.record({
    kind: fc.constant('step' as const),
    name: fc.constantFrom('lock', 'heal', 'diff'),
    state: fc.constantFrom('ok' as const, 'skipped' as const),
    atMs: fc.nat(3),
    detail: fc.constant(''),
  })
  const cut = fc.record({ heard: fc.nat(8), kept: fc.nat(8), added: fc.array(record, { maxLength: 8 }) })
  fc.assert(
    fc.property(fc.array(cut, { maxLength: 6 }), (cuts) => {
      let theirs: readonly TranscriptRecord[] = []
      let ours: readonly TranscriptRecord[] = []
      let nowMs = 0
      for (const { heard, kept, added } of cuts) {
        // Instants never come again.
        const fresh = added.map((one) => ({ ...one, atMs: (nowMs += 1 + one.atMs) }))
        theirs = [...theirs.slice(0, kept), ...fresh]
        ours = [...ours, ...untoldRecords(ours, theirs).slice(0, heard)]
      }
      const all = [...ours, ...untoldRecords(ours, theirs)]
      expect(untoldRecords(all, theirs)).toEqual([])
      expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(all.length)
    }),
    { numRuns: 1000 },
  )
})
