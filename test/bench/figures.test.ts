import { describe, expect, it } from 'vitest'
import { limitLine } from '../../dev/bench/limit-line.ts'
import { median, quantile } from '../../dev/bench/quantile.ts'
import { slopePerS } from '../../dev/bench/slope.ts'
import { table } from '../../dev/bench/table.ts'
import { parseLimitHit } from '../../src/dovecot/parse-limit-hit.ts'

describe('the figures of the bench', () => {
  it('are samples that were measured, never something between two', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect([median(samples), quantile(samples, 0.99), quantile(samples, 1)]).toEqual([50, 99, 100])
    expect([median([7]), quantile([7], 0.99)]).toEqual([7, 7])
    expect(() => median([])).toThrow('no samples')
  })

  it('tell what grows from what stays', () => {
    const samples = (valueAt: (atS: number) => number) =>
      Array.from({ length: 20 }, (_, atS) => ({ atS, value: valueAt(atS) }))
    expect(slopePerS(samples((atS) => 5 + 3 * atS))).toBeCloseTo(3)
    expect(slopePerS(samples((atS) => (atS % 2 === 0 ? 10 : 11)))).toBeCloseTo(0, 1)
  })

  it('stand in columns, and say which target was missed', () => {
    const shown = table([
      [
        'alert',
        [
          { what: 'bare', p50: '1.0 ms', p99: '2.0 ms' },
          { what: 'difference', p50: '3.0 ms', p99: '44.0 ms', target: 'p99 at most 15 ms', met: false },
        ],
      ],
      ['start', [{ what: 'start to ready', p50: '0.5 s', target: 'under 1.5 s', met: true }]],
    ])
    expect(shown.split('\n')).toEqual([
      'row    measured           p50      p99  target',
      'alert  bare            1.0 ms   2.0 ms',
      '       difference      3.0 ms  44.0 ms  p99 at most 15 ms  MISSED',
      'start  start to ready   0.5 s           under 1.5 s        met',
    ])
  })

  it('rest on lines that the bot takes for real limit hits, each of a session of its own', () => {
    const line = () => limitLine({ host: 'mx1', user: 'taro@example.com', clientAddress: '198.51.100.7' })
    const clock = { receivedAtMs: Date.now(), utcOffsetMinutes: 0 }
    const hits = [line(), line()].map((text) => parseLimitHit(Buffer.from(text.trimEnd()), clock))
    expect(hits[0]).toMatchObject({
      user: 'taro@example.com',
      rip: '198.51.100.7',
      limit: 10,
      service: 'imap',
    })
    expect(hits[0]?.session).not.toBe(hits[1]?.session)
  })
})
