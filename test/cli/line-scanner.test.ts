import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineScanner } from '../../src/cli/line-scanner.ts'

function scan(needle: string, chunks: readonly Uint8Array[]): string[] {
  const found: string[] = []
  const scanner = lineScanner(needle, (line) => found.push(line.toString('latin1')))
  const buffer = Buffer.alloc(100_000)
  for (const chunk of chunks) {
    // One buffer for all chunks, as a file is read: nothing may be kept in it.
    buffer.fill(0x21)
    buffer.set(chunk)
    scanner.push(buffer.subarray(0, chunk.length))
  }
  scanner.end()
  return found
}

describe('lineScanner', () => {
  test('finds the same lines as a split of the whole, however the bytes arrive', () => {
    const text = fc
      .array(fc.constantFrom('needle', 'need', 'le', '\n', 'x', '\r\n', '\u00ff'), { maxLength: 60 })
      .map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 8 }), (whole, cuts) => {
        const bytes = Buffer.from(whole, 'latin1')
        const edges = [
          0,
          ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
          bytes.length,
        ]
        const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
        expect(scan('needle', chunks)).toEqual(whole.split('\n').filter((line) => line.includes('needle')))
      }),
      { numRuns: 1000 },
    )
  })

  test('gives a line once, however often the needle is in it', () => {
    expect(scan('ab', [Buffer.from('ab ab ab\nx\nab')])).toEqual(['ab ab ab', 'ab'])
  })

  test('keeps the first 64 KiB of a line without end', () => {
    const chunks = Array.from({ length: 30 }, () => Buffer.alloc(50_000, 0x61))
    const [line, ...others] = scan('needle', [Buffer.from('needle'), ...chunks, Buffer.from('\nneedle 2\n')])
    expect(line?.length).toBe(65_536)
    expect(others).toEqual(['needle 2'])
  })
})
