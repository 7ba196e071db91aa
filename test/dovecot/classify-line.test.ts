import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classifyLine } from '../../src/dovecot/classify-line.ts'
import { expectedLines, fieldsOf } from './lines.ts'
import { cpuTimeMs } from '../lib/cpu-time.ts'

const clock = { receivedAtMs: Date.UTC(2026, 10, 24, 10) }

describe('classifyLine', () => {
  test.each(expectedLines('events.log'))('$title', ({ expected, line, ...clockOfFile }) => {
    expect(fieldsOf(classifyLine(line, clockOfFile), expected)).toEqual(expected)
  })

  test('never throws, whatever the bytes', () => {
    const words = fc.constantFrom(
      'master: Warning: ',
      'SIGHUP received',
      'service(imap): process_limit (1024) reached',
      'Suppressed 5 messages from x',
      '(destination service { process_limit } reached?',
      'Nov 24 08:32:00 vm systemd-journald[1]: ',
      'dovecot: ',
      '{"MESSAGE":',
    )
    const pieces = fc.array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 8 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          pieces.map((parts) => Buffer.from(parts.join(''))),
        ),
        (line) => {
          expect(() => classifyLine(line, clock)).not.toThrow()
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('shows no control characters of what a program said', () => {
    const event = classifyLine(
      Buffer.from('Nov 24 08:32:00 vm dovecot: master: Error: a\u001b[2J\u202eb'),
      clock,
    )
    expect(event).toMatchObject({ kind: 'master-error', text: 'a?[2J\\u{202e}b' })
  })

  test('needs little time for a hostile line', () => {
    const fill = (piece: string) => piece.repeat(Math.ceil(65_536 / piece.length))
    const lines = [
      `${fill('a')}(destination service { process_limit } reached?`,
      `${fill('a-login')}(destination service { process_limit } reached?`,
      fill('master: '),
      fill('Suppressed '),
    ].map((line) => Buffer.from(line))
    const tookMs = cpuTimeMs(() => lines.forEach((line) => classifyLine(line, clock)))
    expect(tookMs / lines.length).toBeLessThan(40)
  })
})
