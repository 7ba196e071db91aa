import { describe, expect, test } from 'vitest'
import { parseWho } from '../../src/dovecot/parse-who.ts'

const SESSION = { user: 'taro@example.com', service: 'imap', pid: 812, ip: '203.0.113.9', destIp: undefined }

describe('parseWho', () => {
  test('reads the columns of 2.3', () => {
    expect(parseWho('username\tproto\tpid\tip\ntaro@example.com\timap\t812\t203.0.113.9\n')).toEqual({
      sessions: [SESSION],
      unreadableRows: 0,
    })
  })

  test('reads the columns of 2.4', () => {
    const output =
      'username\tservice\tpid\tip\tdest_ip\ntaro@example.com\timap\t812\t203.0.113.9\t198.51.100.4\n'
    expect(parseWho(output)?.sessions).toEqual([{ ...SESSION, destIp: '198.51.100.4' }])
  })

  test('finds the columns by name, not by place', () => {
    expect(
      parseWho('ip\tpid\tx\tproto\tusername\n203.0.113.9\t812\t-\timap\ttaro@example.com')?.sessions,
    ).toEqual([SESSION])
  })

  test('has no sessions when only the header is there', () => {
    expect(parseWho('username\tproto\tpid\tip\n')).toEqual({ sessions: [], unreadableRows: 0 })
  })

  test('counts rows that are no sessions: a name with a TAB or a line end cannot add one', () => {
    const rows = 'a\timap\t1\t203.0.113.9\timap\t812\t203.0.113.9\nx\nmallory\timap\tmany\t203.0.113.9\n'
    expect(parseWho(`username\tproto\tpid\tip\n${rows}`)).toEqual({ sessions: [], unreadableRows: 3 })
  })

  test.each(['', '\n', 'doveadm: Fatal: no\n', 'username\tconnections\tproto\tpids\tips\n'])(
    'does not take %j for an answer',
    (output) => {
      expect(parseWho(output)).toBeUndefined()
    },
  )
})
