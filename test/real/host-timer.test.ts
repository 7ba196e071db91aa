import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { approval, connectHelper, NO_RATES } from './helper-client.ts'
import { expectWhole, worldOf } from './settled-change.ts'
import { until } from './until.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']

/** The program is held at its next call while /run/hold names it, and says so in /run/held. */
async function letHold(host: MailHost, program: string): Promise<void> {
  const shim = `#!/bin/sh
if [ "$(cat /run/hold 2>/dev/null)" = ${program} ]; then
  rm /run/hold
  touch /run/held
  sleep 600
fi
exec /usr/bin/${program}.real "$@"
`
  await host.writeFile('/root/shim', shim)
  await host.run([
    'sh',
    '-c',
    `/usr/bin/cp -p /usr/bin/${program} /usr/bin/${program}.real && chmod 755 /root/shim && mv -f /root/shim /usr/bin/${program}`,
  ])
}

describe.skipIf(noMailHosts())('the timer on the mail host', () => {
  describe.concurrent.each(VERSIONS)('on %s', (release) => {
    test('settles a change whose helper was killed, though nobody asks and nobody watches', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      for (const program of ['diff', 'cp']) await letHold(host, program)
      // Every second instead of every minute.
      const quick =
        '[Timer]\nOnBootSec=\nOnActiveSec=\nOnUnitInactiveSec=\nOnCalendar=*:*:0/1\nAccuracySec=100ms\n'
      await host.run(['mkdir', '-p', '/etc/systemd/system/maillimit-heal.timer.d'])
      await host.writeFile('/etc/systemd/system/maillimit-heal.timer.d/quick.conf', quick)
      await host.run(['systemctl', 'daemon-reload'])
      await host.run(['systemctl', 'restart', 'maillimit-heal.timer'])

      const healings = async (): Promise<number> => {
        const log = await host.run(['journalctl', '-q', '-o', 'cat', '-u', 'maillimit-heal.service'])
        return log.match(/^Finished /gm)?.length ?? 0
      }
      // `cp` makes the backup, before the file is replaced; `diff` tells what was replaced.
      for (const [program, id, value, settled] of [
        ['cp', 'killed-0001', 20, 'refused interrupted'],
        ['diff', 'killed-0002', 20, 'ok applied'],
      ] as const) {
        const before = await worldOf(host)
        const wanted = `service=imap value=${value}`
        const digest = await client.digest(wanted)
        await host.writeFile('/run/hold', program)
        const heard = client.ask(`maillimit/1 apply id=${id} ${wanted} digest=${digest} ${approval()}`)
        await until(
          async () => (await host.exec(['test', '-e', '/run/held'])).code,
          (code) => code === 0,
        )
        await host.run(['test', '-e', '/var/lib/maillimit/open'])
        const earlier = await healings()
        client.disconnect()
        // The one at work, and the one that watches it for the connection.
        await host.run(['sh', '-c', 'rm /run/held; pkill -KILL -x maillimit-host'])
        await heard

        const end = await until(
          async () => host.run(['tail', '-n', '1', `/var/lib/maillimit/records/${id}/transcript`]),
          (line) => line.startsWith('end\t'),
        )
        expect(end).toBe(`end\t${settled.replace(' ', '\t')}\n`)
        await until(
          async () => host.run(['journalctl', '-q', '-o', 'cat', '-t', 'maillimit-host']),
          (log) => log.includes(`id ${id} ended: ${settled}`),
        )
        await until(healings, (count) => count > earlier)
        await expectWhole(host, settled, before, String(value))
      }
    })
  })
})
