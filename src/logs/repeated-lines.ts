import { createHash } from 'node:crypto'

/**
 * The name by which a line is known when rsyslog writes it again, as it can after a crash; undefined where nothing makes the line one of
 * a kind, so that it is never taken for a repetition.
 *
 * The whole text counts, its time included, and only if it names a login session. rsyslog repeats a message as it was, while two
 * refusals differ in their session ids, or, where a proxy hands one id on to several logins, in their times. Before 2.1.6
 * Dovecot has no session ids, and two refusals of one second may look alike: each of them counts.
 */
export function repeatKey({ session, raw }: { readonly session: string | undefined; readonly raw: string }) {
  if (session === undefined || session === '') return undefined
  return createHash('sha256').update(`${session}\0${raw}`).digest('hex')
}
