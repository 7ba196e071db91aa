import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { until } from './until.ts'

/** The place of a file of the host for us: looking there costs no process inside, which matters where a host is looked at often. */
export function seenFromOutside(host: MailHost, path: string): string {
  return `/proc/${host.leaderPid()}/root${path}`
}

/** The helper's entries in the host's journal, one a line; whatever was logged before the question is there. */
export async function helperLog(host: MailHost): Promise<readonly string[]> {
  const text = await host.run([
    'sh',
    '-c',
    'journalctl --sync && exec journalctl -q -t maillimit-host -o cat',
  ])
  return text.split('\n')
}

/** Until Dovecot counts no session of this user any more, which takes longer than until the connections are closed. */
export async function sessionsGone(host: MailHost, user: string): Promise<void> {
  await until(
    () => host.run(['doveadm', '-f', 'tab', 'who', '-1']),
    (who) => !who.includes(`${user}\t`),
  )
}

/** Of rsyslog; what is closed while we look is passed over. */
const OPEN_FILES = `pid=$(systemctl show -p MainPID --value rsyslog.service) && [ -d "/proc/$pid/fd" ] || exit 1
for fd in /proc/"$pid"/fd/*; do readlink "$fd" || :; done`

/** After a rotation: until rsyslog, which is only sent a signal, has let go of the file that is rotated now. */
export async function rotatedFileLeft({ logPath, ...host }: MailHost): Promise<void> {
  await until(
    () => host.run(['sh', '-c', OPEN_FILES]),
    (open) => !open.split('\n').some((path) => path.startsWith(logPath) && path !== logPath),
  )
}
