import type { InstalledHelper } from '../../dev/mailhost/install-helper.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { openMailHosts } from '../../src/hosts/open-mail-hosts.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { followLog } from '../../src/logs/follow-log.ts'
import type { LogSource } from '../../src/logs/log-source.ts'

/** The log of a host through its forced command, as the bot reads it. */
export function openSource(
  helper: InstalledHelper,
  kind: 'file' | 'journal' = 'file',
): { source: LogSource; close: () => Promise<void> } {
  const settings = { configFile: helper.configPath, knownHostsFile: undefined, keyFile: undefined }
  const [host] = openMailHosts({ mailHosts: [helper.alias], ...settings }, systemClock)
  if (host === undefined) throw new Error('no host')
  const source = followLog({
    host: host.name,
    stream: host.hostStream,
    clock: systemClock,
    kind: async () => kind,
  })
  return { source, close: () => host.close() }
}

/** A limit hit with a number, as Dovecot 2.3 logs it. */
export function numberedHit(number: number): string {
  return (
    'imap-login: Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): ' +
    `user=<u${number % 7}@example.com>, method=PLAIN, rip=192.0.2.${number % 250}, lip=198.51.100.1, TLS, session=<n${number}>`
  )
}

/** Processes of any follow on the host: pid, state, parent, program. */
export async function leftovers(host: MailHost): Promise<readonly string[]> {
  const list = await host.run([
    'sh',
    '-c',
    'ps -eo pid=,stat=,ppid=,args= | grep -E "maillimit-host|tail -[fF] -s|grep -aF|timeout --foreground 20 sh|journalctl .*follow" | grep -v "grep -E"; :',
  ])
  return list.split('\n').filter((line) => line.trim() !== '')
}
