import { readVariables } from '../config/read-environment.ts'
import { parseSshTarget, type SshTarget } from '../hosts/ssh-target.ts'
import { EXIT } from './exit-code.ts'
import { type PublicKey, readPublicKey } from './public-key.ts'
import {
  type CopyResult,
  copyToHost,
  type InstallResult,
  runInstaller,
  sshCommand,
} from './remote-install.ts'

/**
 * Installs, updates or removes the host side over the administrator's own ssh. The bot's key is not used: it never opens a shell.
 */
export async function hostInstall(
  host: string,
  options: { readonly key?: string; readonly remove?: boolean },
): Promise<number> {
  if (host === 'local') {
    return complain('local is this machine.', 'As root, run: host/install FILE.pub', EXIT.usage)
  }
  const target = targetOf(host)
  if (target === undefined) {
    return complain(
      `"${host.slice(0, 100)}" names no host.`,
      'Give an ssh_config alias, or user@host:port.',
      EXIT.usage,
    )
  }
  const ssh = sshCommand(target, setting('SSH_CONFIG'))
  const what = options.remove === true ? 'remove' : 'install'
  const key = what === 'install' ? readPublicKey(options.key ?? keyFromSettings()) : undefined
  if (key?.kind === 'unusable') return complain(key.what, key.remedy, EXIT.usage)
  say(what === 'remove' ? announceRemoval(host) : announceInstall(host, key))

  say(`Copying the host side to ${host} …`)
  const copied = await copyToHost(ssh, key?.line)
  if (copied.kind === 'failed') return complain(...copyFailed(host, ssh, copied), EXIT.checkFailed)
  say(`Running the installer there${copied.isRoot ? '' : ' by sudo'} …`)
  const result = await runInstaller(ssh, copied, what)
  if (result !== 'done') return complain(...installFailed(host, ssh, result), EXIT.checkFailed)
  say(
    what === 'remove'
      ? `Done. Take ${host} out of MAIL_HOSTS, and restart the bot.`
      : `Done. Next: name ${host} in MAIL_HOSTS and run "maillimit doctor"; it shows the host key to pin, if it is not known yet.`,
  )
  return EXIT.ok
}

function targetOf(host: string): SshTarget | undefined {
  try {
    return parseSshTarget(host)
  } catch {
    return undefined
  }
}

function announceInstall(host: string, key: PublicKey | undefined): string {
  const shown = key?.kind === 'key' ? `${key.fingerprint} (${key.file})` : ''
  return [
    `On ${host}, over your own ssh, this will install or update, as root:`,
    '  /usr/local/libexec/maillimit-host, the one program that the bot may run',
    `  the account maillimit, whose only key is the bot's: ${shown}`,
    '  /etc/sudoers.d/maillimit, one line; /etc/maillimit.conf, if there is none',
    '  maillimit-heal.service and .timer, which settle a change that was cut short',
    "Dovecot's configuration is not touched.",
  ].join('\n')
}

function announceRemoval(host: string): string {
  return [
    `On ${host}, over your own ssh, this will remove the helper, the account maillimit, its key, its sudoers line and its units.`,
    '/etc/maillimit.conf, the transcripts and the backups stay, and so does every limit as it is now.',
  ].join('\n')
}

type Complaint = readonly [what: string, remedy: string]

function copyFailed(
  host: string,
  ssh: readonly string[],
  { why, said }: Extract<CopyResult, { kind: 'failed' }>,
): Complaint {
  switch (why) {
    case 'ssh':
      return sshFailed(host, ssh)
    case 'not-linux':
      return [
        `${host} does not run Linux (${said.trim().replace('maillimit-not-linux ', '')}).`,
        'The host side needs Linux: flock, unshare, sudo.',
      ]
    case 'no-shell':
      return [
        `the login on ${host} gives no shell.`,
        `Is it the bot's own account? Give yours: maillimit host install YOU@${host.replace(/^.*@/, '')}`,
      ]
    case 'copy':
      return [
        `the files could not be copied to ${host}; what it said stands above.`,
        `It needs sh, tar and mktemp, and room in /tmp. Nothing was installed.`,
      ]
  }
}

function installFailed(
  host: string,
  ssh: readonly string[],
  result: Exclude<InstallResult, 'done'>,
): Complaint {
  switch (result) {
    case 'ssh':
      return sshFailed(host, ssh)
    case 'not-root':
      return [
        `the login on ${host} may not become root; what sudo said stands above.`,
        process.stdin.isTTY
          ? 'Use a login that may run sh by sudo, or root. Nothing was installed.'
          : 'Without a terminal sudo cannot ask for a password: run this in a terminal, or use a login that needs none. Nothing was installed.',
      ]
    case 'installer':
      return [
        `the installer on ${host} did not finish; its own words stand above.`,
        'Mend what it names and run this again: it is harmless to repeat.',
      ]
  }
}

function sshFailed(host: string, ssh: readonly string[]): Complaint {
  const own = "That is the bot's ssh_config; to use yours: SSH_CONFIG=~/.ssh/config maillimit host install …"
  return [
    `ssh did not log in on ${host}; its own words stand above. Nothing was installed.`,
    `Try by hand: ${ssh.join(' ')} true${ssh.includes('-F') ? `\n  ${own}` : ''}`,
  ]
}

/** Of the settings only these are needed: a host may well be made ready before Slack is. */
function setting(name: 'SSH_CONFIG' | 'SSH_KEY'): string | undefined {
  return readVariables(process.env).values[name]
}

function keyFromSettings(): string | undefined {
  const key = setting('SSH_KEY')
  return key === undefined ? undefined : `${key}.pub`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function complain(what: string, remedy: string, code: number): number {
  process.stderr.write(`maillimit: ${what}\n  ${remedy}\n`)
  return code
}
