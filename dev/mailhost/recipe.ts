import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** `el9like` is Debian 11 dressed up as Enterprise Linux 9: Dovecot 2.3.13, /var/log/maillog, `dateext`, bash as /bin/sh. */
export type Release = 'bookworm' | 'trixie' | 'el9like'

export const RELEASES: readonly Release[] = ['bookworm', 'trixie', 'el9like']

export type Recipe = {
  readonly release: Release
  readonly suite: string
  readonly packages: readonly string[]
  readonly bakeScript: string
  readonly logPath: string
  /** Names the template: another recipe gets another folder. */
  readonly hash: string
}

/** The script that turns a plain Debian into a mail host, next to this file. */
const BAKE_SCRIPT = fileURLToPath(new URL('bake.sh', import.meta.url))

const SUITES: Readonly<Record<Release, string>> = {
  bookworm: 'bookworm',
  trixie: 'trixie',
  el9like: 'bullseye',
}

const PACKAGES: readonly string[] = [
  'dovecot-imapd',
  'dovecot-pop3d',
  'dovecot-submissiond',
  'dovecot-managesieved',
  'systemd-sysv',
  'dbus',
  'rsyslog',
  'logrotate',
  'openssh-server',
  'sudo',
  'acl',
  'busybox',
  'iproute2',
  'procps',
  'strace',
  'xz-utils',
  'zstd',
]

export function recipeOf(release: Release): Recipe {
  const suite = SUITES[release]
  const bakeScript = readFileSync(BAKE_SCRIPT, 'utf8')
  const hash = createHash('sha256')
    .update(JSON.stringify([release, suite, PACKAGES, bakeScript]))
    .digest('hex')
    .slice(0, 12)
  const logPath = release === 'el9like' ? '/var/log/maillog' : '/var/log/mail.log'
  return { release, suite, packages: PACKAGES, bakeScript, logPath, hash }
}

export function isRelease(word: string): word is Release {
  return (RELEASES as readonly string[]).includes(word)
}
