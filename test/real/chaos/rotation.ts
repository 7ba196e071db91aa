import type { MailHost } from '../../../dev/mailhost/mail-host.ts'

/** How the log is rotated: by numbers, by dates as on Enterprise Linux, by copying; or by numbers, and truncated now and then. */
export const ROTATIONS = ['numbers', 'dates', 'copytruncate', 'truncate'] as const
export type Rotating = (typeof ROTATIONS)[number]

/** What logrotate would delete goes here at the last moment: it was on the host's disk, so it is owed. */
export const ARCHIVE = '/var/log/archive'
/** As the log stood just before it was truncated: not owed, but what was read of it is no line that came twice. */
export const DESTROYED = '/var/log/destroyed'

const NUMBERS = 'create\ndelaycompress\ncompress'
const SCHEMES: Record<Rotating, string> = {
  numbers: NUMBERS,
  dates: 'create\ndateext\ndateformat -%Y%m%d-%s\ncompress',
  copytruncate: 'copytruncate\ncompress\ndelaycompress',
  truncate: NUMBERS,
}

const POSTROTATE =
  'systemctl kill -s HUP --kill-whom=main rsyslog.service 2>/dev/null || systemctl kill -s HUP --kill-who=main rsyslog.service'

export async function prepareRotation(host: MailHost, rotating: Rotating): Promise<void> {
  const blocks = [
    `postrotate\n${POSTROTATE}\nendscript`,
    // Called for what was compressed just now, too: whatever rsyslog writes to that afterwards is in no file any more.
    `preremove\ncase $1 in *.gz) ln "$1" "${ARCHIVE}/$(date +%s%N)-\${1##*/}" ;; esac\nendscript`,
  ]
  const text = `${host.logPath} {\nrotate 30\n${SCHEMES[rotating]}\n${blocks.join('\n')}\n}\n`
  await host.writeFile('/root/rotate.conf', text)
  await host.run(['mkdir', '-p', ARCHIVE, DESTROYED])
}

export async function rotate(host: MailHost): Promise<void> {
  await host.exec(['logrotate', '-f', '-s', '/root/rotate.state', '/root/rotate.conf'])
}

/** Whether lines are destroyed that nobody may have read yet, so that a gap is the truth. */
export function destroysLines(rotating: Rotating): boolean {
  return rotating === 'copytruncate' || rotating === 'truncate'
}
