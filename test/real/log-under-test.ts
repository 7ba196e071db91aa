import { type InstalledHelper, installHelper } from '../../dev/mailhost/install-helper.ts'
import { lease } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { type OpenMailHost, openMailHosts } from '../../src/hosts/open-mail-hosts.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { followLog } from '../../src/logs/follow-log.ts'
import type { HostStream } from '../../src/logs/host-stream.ts'
import type { LogSource } from '../../src/logs/log-source.ts'
import type { FilesUnderTest, LogUnderTest } from '../contract/log-source.ts'
import { seenFromOutside } from './host-state.ts'
import { writeEntries } from './journal-entries.ts'

/** A real host to whose log only the test writes, as the bot has it open. */
export type HostUnderTest = AsyncDisposable & {
  readonly host: MailHost
  readonly opened: OpenMailHost
  /** The log as a file. */
  readonly files: (stream: HostStream) => Promise<FilesUnderTest>
  readonly journal: (stream: HostStream) => Promise<LogUnderTest>
}

export async function hostUnderTest(over: 'ssh' | 'socket'): Promise<HostUnderTest> {
  await using parts = new AsyncDisposableStack()
  const host = parts.use(await lease('bookworm'))
  await host.run(['systemctl', 'stop', 'syslog.socket', 'rsyslog.service'])
  const opened = open(host, await installHelper(host), over)
  parts.defer(() => opened.close())
  const sh = async (script: string, input: string | Uint8Array = '') => {
    await host.run(['sh', '-c', `set -e; log=$1; ${script}`, 'sh', host.logPath], { input })
  }
  const source = (stream: HostStream, kind: 'file' | 'journal'): LogSource =>
    followLog({ host: host.name, stream, clock: systemClock, kind: async () => kind })
  const stack = parts.move()
  return {
    host,
    opened,
    async files(stream) {
      await host.writeFile('/etc/maillimit.conf', `log = ${host.logPath}\n`)
      await sh('rm -f "$log" "$log".*; echo "old line of $(date +%N)" >"$log"')
      return {
        source: source(stream, 'file'),
        append: (text) => sh('cat >>"$log"', text),
        rotate: () => sh(`${SHIFT}; mv "$log" "$log.1"; : >"$log"`),
        compress: () => sh('gzip "$log.1"'),
        copyTruncate: () => sh(`${SHIFT}; cp -p "$log" "$log.1"; : >"$log"`),
        forget: () => sh('rm -f "$log".*'),
        remove: () => sh('rm -f "$log"'),
        async [Symbol.asyncDispose]() {},
      }
    },
    async journal(stream) {
      await host.writeFile('/etc/maillimit.conf', 'log = journal\n')
      await writeEntries(host, 'Maximum number of connections from user+IP exceeded, long ago\n')
      return {
        source: source(stream, 'journal'),
        append: (text) => writeEntries(host, text),
        rotate: () => sh('journalctl --rotate'),
        forget: () => sh('journalctl --quiet --vacuum-time=1us; rm -f /var/log/journal/*/*@*'),
        async [Symbol.asyncDispose]() {},
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const SHIFT =
  'for n in 4 3 2 1; do for z in "" .gz; do [ ! -e "$log.$n$z" ] || mv "$log.$n$z" "$log.$((n + 1))$z"; done; done'

function open(host: MailHost, helper: InstalledHelper, over: 'ssh' | 'socket'): OpenMailHost {
  const [opened] = openMailHosts(
    {
      mailHosts: [over === 'ssh' ? helper.alias : 'local'],
      localSocket: seenFromOutside(host, '/run/maillimit-host.sock'),
      configFile: helper.configPath,
      knownHostsFile: undefined,
      keyFile: undefined,
    },
    systemClock,
  )
  if (opened === undefined) throw new Error('no host')
  return opened
}
