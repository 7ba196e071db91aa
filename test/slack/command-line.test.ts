import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCommandLine } from '../../src/slack/command-line.ts'

describe('what follows /maillimit', () => {
  it.each([
    ['', { kind: 'help' }],
    ['  ', { kind: 'help' }],
    ['HELP', { kind: 'help' }],
    ['hosts', { kind: 'hosts' }],
    ['status taro@example.com', { kind: 'status', user: 'taro@example.com' }],
    ['status <mailto:taro@example.com|taro@example.com>', { kind: 'status', user: 'taro@example.com' }],
    ['status <mailto:taro@example.com>', { kind: 'status', user: 'taro@example.com' }],
    ['status   “a b”', { kind: 'status', user: 'a b' }],
    ['status a&amp;b&lt;c', { kind: 'status', user: 'a&b<c' }],
    ['status &amp;lt;', { kind: 'status', user: '&lt;' }],
    ['history', { kind: 'history', user: undefined }],
    ['history taro', { kind: 'history', user: 'taro' }],
    ['raise mx1 imap 20', { kind: 'raise', host: 'mx1', service: 'imap', value: 20 }],
    [
      'raise <http://mx1.example.com|mx1.example.com> IMAP-login 20',
      { kind: 'raise', host: 'mx1.example.com', service: 'imap', value: 20 },
    ],
    ['raise mx1 managesieve 20', { kind: 'raise', host: 'mx1', service: 'sieve', value: 20 }],
    ['rollback REM-00000001', { kind: 'rollback', remediationId: 'rem-00000001' }],
  ])('%j', (text, line) => {
    expect(parseCommandLine(text)).toEqual(line)
  })

  it.each([
    ['status', 'Say whose status'],
    ['raise mx1 imap', 'Say host, service and value'],
    ['raise mx1 imap 0', 'whole number above 0'],
    ['raise mx1 imap -5', 'whole number above 0'],
    ['raise mx1 imap 1e3', 'whole number above 0'],
    ['raise mx1 imap 9999999999', 'whole number above 0'],
    ['raise mx1 $(reboot) 20', 'no name of a service'],
    ['raise mx1 imap 20 30', 'Say host, service and value'],
    ['rollback', 'Say which change'],
    ['rollback ../../etc', 'no id of a change'],
    ['statsu taro', 'Did you mean /maillimit status taro?'],
    ['hsots', 'Did you mean /maillimit hosts?'],
    ['rolback rem-00000001', 'Did you mean /maillimit rollback rem-00000001?'],
    ['taro@example.com', 'Did you mean /maillimit status taro@example.com?'],
    ['xyzzy', 'There is no "xyzzy".'],
  ])('%j is wrong, and it says how', (text, words) => {
    const line = parseCommandLine(text)
    expect(line).toMatchObject({ kind: 'wrong', text: expect.stringContaining(words) })
  })

  it('answers any text whatever', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', 'status ', 'raise ', 'rollback '),
        (text, verb) => {
          expect(parseCommandLine(verb + text).kind).toMatch(
            /^(help|status|hosts|history|raise|rollback|wrong)$/,
          )
        },
      ),
    )
  })
})
