import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMIT_HIT_WORDS, parseLimitHit } from '../../src/dovecot/parse-limit-hit.ts'
import { expectedLines, fieldsOf } from './lines.ts'
import { cpuTimeMs } from '../lib/cpu-time.ts'

const clock = { receivedAtMs: Date.UTC(2026, 10, 24, 10) }
const PREFIX = 'Nov 24 08:32:00 vm dovecot[4242]: '
const REAL = 'method=PLAIN, rip=203.0.113.9, lip=198.51.100.4, TLS, session=<9mWfS1y7QJTLAHEJ>'

describe.each(['wordings.log', 'prefixes.log', 'forged.log'])('%s', (file) => {
  test.each(expectedLines(file))('$title', ({ expected, line, ...clockOfFile }) => {
    expect(fieldsOf(parseLimitHit(line, clockOfFile), expected)).toEqual(expected)
  })
})

function hitOf(user: string, words: string): Buffer {
  return Buffer.from(`${PREFIX}imap-login: ${words}: user=<${user}>, ${REAL}`)
}

const OLD = `Disconnected: ${LIMIT_HIT_WORDS} (mail_max_userip_connections=10)`
const NEW = `Login aborted: ${LIMIT_HIT_WORDS} (mail_max_userip_connections=10) (connection limit reached, 1/1 successful auths in 0 secs) (connection_limit)`

/** Names as Dovecot writes them (at most 80 bytes, no control characters), made of the pieces that an attacker would use. */
const hostileName = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'user=<ceo>',
        '>, method=PLAIN, rip=10.0.0.1, lip=10.0.0.2',
        '>, rip=10.0.0.1',
        ', rip=10.0.0.1',
        'session=<x>',
        '>, session=<x',
        ') (connection_limit): user=<ceo',
        '(mail_max_userip_connections=9999): ',
        'imap-login: ',
        LIMIT_HIT_WORDS,
        '<!channel>',
        '\u202e',
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join('').replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?'))
  .filter((name) => Buffer.byteLength(name) <= 80)

describe('parseLimitHit', () => {
  test('finds the real address and the whole name, whatever the name holds', () => {
    fc.assert(
      fc.property(hostileName, fc.constantFrom(OLD, NEW), (user, words) => {
        expect(parseLimitHit(hitOf(user, words), clock)).toMatchObject({
          user,
          rip: '203.0.113.9',
          lip: '198.51.100.4',
          method: 'PLAIN',
          session: '9mWfS1y7QJTLAHEJ',
          limit: 10,
          extras: [],
        })
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['Ѐ', 'é', 'ࠀ', '𐀀'])(
    'finds the end of a forged name that fills its 80 bytes to the last with %s',
    (last) => {
      const forged = '>, method=PLAIN, rip=10.0.0.1, lip=10.0.0.2user=<ceo>'
      const left = 80 - Buffer.byteLength(forged + last)
      for (let wide = 0; wide * 3 <= left; wide++) {
        const user = 'ࠀ'.repeat(wide) + 'x'.repeat(left - wide * 3) + forged + last
        expect(parseLimitHit(hitOf(user, OLD), clock)).toMatchObject({ user, rip: '203.0.113.9', extras: [] })
        const early = '𐀀'.repeat(Math.floor(left / 4)) + 'x'.repeat(left % 4) + forged + last
        expect(parseLimitHit(hitOf(early, OLD), clock)).toMatchObject({
          user: early,
          rip: '203.0.113.9',
          extras: [],
        })
      }
      const mixed = `ࠀࠀࠀࠀࠀ𐀀ࠀࠀ${forged}Ѐ`
      expect(parseLimitHit(hitOf(mixed, OLD), clock)).toMatchObject({
        user: mixed,
        rip: '203.0.113.9',
        extras: [],
      })
    },
  )

  test('lends nobody a name when 2.4 quotes a hostile failure before a hostile name', () => {
    fc.assert(
      fc.property(hostileName, hostileName, (failure, user) => {
        const words = NEW.replace('in 0 secs', `in 0 secs, last failure: ${failure}`)
        const hit = parseLimitHit(hitOf(user, words), clock)
        expect(hit).toMatchObject({ rip: '203.0.113.9', session: '9mWfS1y7QJTLAHEJ', limit: 10 })
        // The whole name, or a longer text that is nobody's.
        expect(hit?.user.endsWith(user)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('finds nothing in a failed login, whatever the attempted name holds', () => {
    fc.assert(
      fc.property(hostileName, (user) => {
        const line = hitOf(user, 'Disconnected: Connection closed (auth failed, 1 attempts in 2 secs)')
        expect(parseLimitHit(line, clock)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  test('never throws, whatever the bytes', () => {
    const real = hitOf('taro@example.com', OLD)
    const damaged = fc
      .tuple(fc.nat(real.length), fc.nat(40), fc.uint8Array({ maxLength: 60 }))
      .map(([at, length, bytes]) => Buffer.concat([real.subarray(0, at), bytes, real.subarray(at + length)]))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), damaged), (line) => {
        const hit = parseLimitHit(line, clock)
        if (hit === undefined) return
        expect(hit.raw).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
        expect(hit.user).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
      }),
      { numRuns: 3000 },
    )
  })

  test('shows bytes that are no UTF-8 as replacement characters', () => {
    const line = Buffer.concat([
      Buffer.from(`${PREFIX}imap-login: ${OLD}: user=<t`),
      Buffer.from([0xff, 0xc3, 0x28, 0x00, 0x1b]),
      Buffer.from(`o>, ${REAL}\r\n`),
    ])
    expect(parseLimitHit(line, clock)).toMatchObject({ user: 't\ufffd\ufffd(??o', rip: '203.0.113.9' })
  })

  test('reads bytes that are no UTF-8 in a journal message', () => {
    const message = [...Buffer.from(`imap-login: ${OLD}: user=<t`), 0xff, ...Buffer.from(`>, ${REAL}`)]
    const line = Buffer.from(JSON.stringify({ MESSAGE: message, _UID: '0', SYSLOG_IDENTIFIER: 'dovecot' }))
    expect(parseLimitHit(line, clock)).toMatchObject({ user: 't\ufffd', program: 'dovecot' })
  })

  test('shows characters that draw nothing in the raw line, and keeps them in the name', () => {
    const hit = parseLimitHit(hitOf('a\u202eb', OLD), clock)
    expect(hit?.user).toBe('a\u202eb')
    expect(hit?.raw).toContain('user=<a\\u{202e}b>')
  })

  test('caps the raw line', () => {
    const hit = parseLimitHit(
      Buffer.concat([hitOf('taro', OLD), Buffer.from(`, x=${'y'.repeat(100_000)}`)]),
      clock,
    )
    expect(hit?.user).toBe('taro')
    expect(hit?.raw.length).toBeLessThan(2100)
    expect(hit?.extras[0]?.[1].length).toBeLessThan(300)
  })

  test('needs time in proportion to the length of a hostile line, and little of it', () => {
    const kib64 = 65_536
    const fill = (piece: string) => piece.repeat(Math.ceil(kib64 / piece.length)).slice(0, kib64)
    const start = `${PREFIX}imap-login: ${OLD}: user=<`
    const hostile = [
      fill(LIMIT_HIT_WORDS),
      fill('imap-login: '),
      fill('Nov 24 08:32:00 vm dovecot: '),
      fill('<22>1 '),
      fill('a'),
      fill(' '),
      fill('['),
      `{${fill('[')}`,
      `{"MESSAGE":[${fill('1,')}`,
      start + fill('>, rip='),
      start + fill('>, method='),
      start + fill('a, '),
      `${start}x>, method=PLAIN, ${fill('rip=1.2.3.4, ')}`,
      `${start}x>, method=PLAIN, ${fill('TLS, ')}`,
      `${PREFIX}imap-login: ${NEW.replace('(connection_limit)', '')}${fill('): ')}`,
      `${PREFIX}imap-login: ${NEW.replace('(connection_limit)', '')}${fill(') (connection_limit): user=<')}`,
      `${PREFIX}imap-login: ${NEW.replace('connection limit', fill('('))}: user=<x>, ${REAL}`,
    ].map((line) => Buffer.from(line))
    const tookMs = cpuTimeMs(() => hostile.forEach((line) => parseLimitHit(line, clock)))
    expect(tookMs / hostile.length).toBeLessThan(25)
  })

  test('agrees with the year that the line was written in, all year round', () => {
    const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2090, 0, 1) }),
        fc.integer({ min: -3600_000, max: 360 * 86_400_000 }),
        fc.integer({ min: -12 * 60, max: 14 * 60 }),
        (writtenAtMs, ageMs, utcOffsetMinutes) => {
          const wall = new Date(writtenAtMs + utcOffsetMinutes * 60_000)
          const time = `${MONTHS[wall.getUTCMonth()]} ${String(wall.getUTCDate()).padStart(2)} ${wall.toISOString().slice(11, 19)}`
          const line = Buffer.from(`${time} vm dovecot: imap-login: ${OLD}: user=<taro>, ${REAL}`)
          const hit = parseLimitHit(line, { receivedAtMs: writtenAtMs + ageMs, utcOffsetMinutes })
          expect(hit?.loggedAtMs).toBe(Math.floor(writtenAtMs / 1000) * 1000)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
