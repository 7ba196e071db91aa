import type { MailHost } from '../../dev/mailhost/mail-host.ts'

let sessions = 0

/** What Dovecot says of a refused login, each of a session of its own. */
export function limitHitWords(user: string): string {
  return (
    'imap-login: Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): ' +
    `user=<${user}>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, TLS, session=<scenario${++sessions}>`
  )
}

/** The whole line as rsyslog writes it. */
export function limitHitLine(host: MailHost, user: string, atMs: number = Date.now()): string {
  return `${new Date(atMs).toISOString()} ${host.name} dovecot: ${limitHitWords(user)}\n`
}

/** Through the host's own syslog; resolves when it stands in the log. */
export async function logHit(host: MailHost, user: string): Promise<void> {
  await host.run(['logger', '-p', 'mail.info', '-t', 'dovecot', '--', limitHitWords(user)])
  await host.waitForLog(new RegExp(`user=<${user}>`))
}

/** Past syslog, as nobody but a test does: for bytes that syslog would not pass on. */
export async function appendToLog(host: MailHost, bytes: string | Uint8Array): Promise<void> {
  await host.run(['sh', '-c', 'cat >>"$1"', 'sh', host.logPath], { input: bytes })
}
