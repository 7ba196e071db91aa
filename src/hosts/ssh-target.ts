import { OpsError } from '../lib/errors.ts'

/** What `MAIL_HOSTS` names: an ssh_config alias, or `user@host:port`. */
export type SshTarget = {
  readonly host: string
  readonly user: string | undefined
  readonly port: number | undefined
}

const SHAPE =
  /^(?:(?<user>[A-Za-z0-9_][A-Za-z0-9_.@+-]*)@)?(?:\[(?<ip6>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*))(?::(?<port>[0-9]{1,5}))?$/

/** Strict, because the parts become arguments of ssh: nothing that starts with `-`, no spaces, no quotes. `ssh://` is understood as in ProxyJump. */
export function parseSshTarget(text: string): SshTarget {
  const found = SHAPE.exec(text.replace(/^ssh:\/\//, ''))?.groups
  const host = found?.['ip6'] ?? found?.['host']
  const port = found?.['port'] === undefined ? undefined : Number(found['port'])
  if (text.length > 300 || host === undefined || port === 0 || (port !== undefined && port > 65_535)) {
    throw new OpsError('mail-host-name', `"${text.slice(0, 100)}" names no mail host`, {
      hint: 'MAIL_HOSTS takes ssh_config aliases, user@host:port (an IPv6 address in brackets), or "local".',
    })
  }
  return { host, user: found?.['user'], port }
}
