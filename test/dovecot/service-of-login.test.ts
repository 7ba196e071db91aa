import { expect, test } from 'vitest'
import { serviceOfLogin } from '../../src/dovecot/service-of-login.ts'

test.each([
  ['imap-login', 'imap'],
  ['pop3-login', 'pop3'],
  ['submission-login', 'submission'],
  ['managesieve-login', 'sieve'],
  ['imaps-login2', 'imap'],
  ['pop3s-login', 'pop3'],
  ['internal-imap-login', 'imap'],
  ['imap2-login', 'imap'],
  ['imap-urlauth-login', 'imap-urlauth'],
  ['jmap-login', 'jmap'],
  ['constructor-login', 'constructor'],
  ['login', 'login'],
])('the connections of %s count as %s', (loginService, service) => {
  expect(serviceOfLogin(loginService)).toBe(service)
})
