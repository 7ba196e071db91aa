import type { LimitHit } from '../../src/dovecot/limit-hit.ts'

/** A limit hit as Dovecot 2.3 on EL9 logs it. */
export function aHit(hit: Partial<LimitHit> = {}): LimitHit {
  const { user = 'taro@example.com', rip = '192.0.2.7', limit = 10 } = hit
  return {
    loggedAtMs: undefined,
    timeText: 'Nov 24 12:00:00',
    logHost: 'mx1',
    program: 'dovecot',
    logPid: 4242,
    loginService: 'imap-login',
    service: 'imap',
    event: 'Disconnected',
    setting: 'mail_max_userip_connections',
    limit,
    reasonTail: undefined,
    user,
    userCut: false,
    method: 'PLAIN',
    rip,
    lip: '198.51.100.1',
    tls: 'TLS',
    session: undefined,
    extras: [],
    raw: `Nov 24 12:00:00 mx1 dovecot[4242]: imap-login: Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=${limit}): user=<${user}>, method=PLAIN, rip=${rip}, lip=198.51.100.1, TLS`,
    ...hit,
  }
}
