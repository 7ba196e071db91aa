/** A handful of people, each at one address, so that each has one alert at a time. */
export const USERS: readonly string[] = Array.from({ length: 6 }, (_, index) => `u${index}@example.com`)

/**
 * A limit hit with a number, as Dovecot 2.3 logs it. Every third names no session, as none did before Dovecot 2.1.6: nothing but its place
 * in the log tells such a line from others, so nothing else can keep it from being counted twice.
 */
export function numberedHit(number: number, user: number): string {
  const session = namesSession(number) ? `, session=<n${number}>` : ''
  return (
    'imap-login: Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): ' +
    `user=<${USERS[user]}>, method=PLAIN, rip=192.0.2.${user + 1}, lip=198.51.100.1, mpid=${number}, TLS${session}`
  )
}

export function namesSession(number: number): boolean {
  return number % 3 !== 0
}

export function numberOf(line: string): number | undefined {
  const number = /Maximum number of connections .* mpid=(\d+)/.exec(line)?.[1]
  return number === undefined ? undefined : Number(number)
}
