/** The protocol whose connections Dovecot counts, as doveconf names it. Administrators may define others. */
export type Service = 'imap' | 'pop3' | 'submission' | 'sieve' | (string & {})

/**
 * One log line that says: a login was refused because this user has too many connections from this address.
 * Everything in it came over the log, so texts are safe to show (control bytes replaced) but are never trusted.
 * Wordings: Dovecot's src/login-common/client-common.c, versions 1.1 to 2.4.
 */
export type LimitHit = {
  /** When the line's prefix says it happened; undefined when the prefix has no usable time. */
  readonly loggedAtMs: number | undefined
  /** The time as it stands in the line; '' when there is none. */
  readonly timeText: string
  readonly logHost: string | undefined
  /** Dovecot's `instance_name`, usually 'dovecot'; undefined in Dovecot's own log files. */
  readonly program: string | undefined
  /** The pid in the prefix, which is the one of Dovecot's log process. */
  readonly logPid: number | undefined
  /** As logged: 'imap-login', 'imaps-login2'. */
  readonly loginService: string
  readonly service: Service
  /** What the line calls it: 'Disconnected' (2.3.15 on), 'Login aborted' (2.4), '' before. */
  readonly event: string
  readonly setting: 'mail_max_userip_connections'
  /** The limit in force for this login; undefined when the line does not say (1.x). */
  readonly limit: number | undefined
  /** What 2.4 adds in parentheses: 'connection limit reached, 1/1 successful auths in 0 secs'. */
  readonly reasonTail: string | undefined
  /** The name after authentication; '' is possible. */
  readonly user: string
  /** Whether Dovecot cut the name (77 bytes and '...'); several accounts can then look alike. */
  readonly userCut: boolean
  readonly method: string | undefined
  /** The client's address. */
  readonly rip: string | undefined
  /** The server's address. */
  readonly lip: string | undefined
  /** 'TLS', 'TLSv1.3 with cipher …', 'secured', or both joined; undefined for plain connections. */
  readonly tls: string | undefined
  readonly session: string | undefined
  /** Whatever else the line carries, in order: `mpid`, an administrator's `rport`, … A bare word has the value ''. */
  readonly extras: ReadonlyArray<readonly [name: string, value: string]>
  /** The line for display: decoded, control characters replaced, capped. */
  readonly raw: string
}
