import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { HostStream } from '../logs/host-stream.ts'
import type { MailHost } from '../remediation/mail-host.ts'
import { helperHostStream } from './helper-host-stream.ts'
import { helperMailHost } from './helper-mail-host.ts'
import type { HostLink, LinkState } from './host-link.ts'
import { localHostStream } from './local-host-stream.ts'
import { LOCAL_SOCKET, localLink } from './local-link.ts'
import { resolveSshRoute, type SshSettings } from './ssh-config.ts'
import { sshLink } from './ssh-link.ts'
import { parseSshTarget } from './ssh-target.ts'

export type OpenMailHost = {
  readonly name: string
  readonly mailHost: MailHost
  readonly hostStream: HostStream
  state(): LinkState
  /** Called at each change of state; the returned function takes the listener away. */
  onState(listener: (state: LinkState) => void): () => void
  /** Cuts the wait before the next try short, if the host cannot be reached. */
  trySoon(): void
  /** Ends what is under way with `link-closed`; afterwards no timer and no socket is left. */
  close(): Promise<void>
}

export type MailHostSettings = SshSettings & {
  /** `MAIL_HOSTS`: ssh_config aliases, `user@host:port`, `local`. */
  readonly mailHosts: readonly string[]
  /** Undefined: where the helper's unit listens. */
  readonly localSocket?: string
}

/**
 * Opens every mail host at once and returns without waiting: each connects, fails and reconnects by itself, whatever the others do.
 * Throws only for a list that cannot be meant (`mail-host-name`).
 */
export function openMailHosts(settings: MailHostSettings, clock: Clock): readonly OpenMailHost[] {
  const named = settings.mailHosts.map((target) => ({ target, name: mailHostName(target) }))
  const twice = named.find(({ name }, index) => named.findIndex((one) => one.name === name) < index)
  if (twice !== undefined) {
    throw new OpsError('mail-host-name', `two mail hosts would be called ${twice.name}`, {
      hint: 'Name each host once in MAIL_HOSTS; aliases in ssh_config give two accounts or ports of one host different names.',
      context: { host: twice.name },
    })
  }
  return named.map(({ name, target }) => {
    if (target === 'local') {
      const link = localLink(name, clock, settings.localSocket ?? LOCAL_SOCKET)
      return openMailHost(link, localHostStream(helperHostStream(link, clock), clock), clock)
    }
    const link = sshLink(name, (signal) => resolveSshRoute(target, settings, signal), clock)
    return openMailHost(link, helperHostStream(link, clock), clock)
  })
}

/** What people call the host: its alias, or the address without the account. */
export function mailHostName(target: string): string {
  if (target === 'local') return target
  const { host, port } = parseSshTarget(target)
  if (port === undefined || port === 22) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function openMailHost(link: HostLink, hostStream: HostStream, clock: Clock): OpenMailHost {
  return {
    name: link.name,
    mailHost: helperMailHost(link, clock),
    hostStream,
    state: () => link.state(),
    onState: (listener) => link.onState(listener),
    trySoon: () => link.trySoon(),
    close: () => link.close(),
  }
}
