import { randomBytes } from 'node:crypto'

export type LimitLine = {
  readonly host: string
  readonly user: string
  readonly clientAddress: string
  readonly at?: Date
}

/** A refused login as Dovecot 2.4 and rsyslog write it on Debian 13; no two have the same session. With its LF. */
export function limitLine({ host, user, clientAddress, at = new Date() }: LimitLine): string {
  const time = at.toISOString().replace('Z', '000+00:00')
  const why = '(connection limit reached, 1/1 successful auths in 0 secs) (connection_limit)'
  const words = `Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10) ${why}`
  const login = `user=<${user}>, method=PLAIN, rip=${clientAddress}, lip=192.0.2.1, TLS, session=<${session()}>`
  return `${time} ${host} dovecot: imap-login: Login aborted: ${words}: ${login}\n`
}

const stem = randomBytes(6).toString('base64url')
let sessions = 0

function session(): string {
  sessions += 1
  return `${stem}${sessions.toString(36)}`
}
