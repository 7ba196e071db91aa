import { describe, expect, test } from 'vitest'
import { clientKey } from '../../src/dovecot/client-key.ts'

describe('clientKey', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['2001:db8:1:2:aaaa:bbbb:cccc:dddd', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
  ])('puts %s under %s', (ip, key) => {
    expect(clientKey(ip)).toBe(key)
  })

  test.each([
    '',
    '1',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.07',
    '192.0.2.7.',
    '0x7f.1',
    'fe80::1%eth0',
    '2001:db8::/64',
    'localhost',
    ' 192.0.2.7',
  ])('takes %j for no address', (text) => {
    expect(clientKey(text)).toBeUndefined()
  })
})
