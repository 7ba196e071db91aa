import { setTimeout as wait } from 'node:timers/promises'
import type { MailHost } from '../../../dev/mailhost/mail-host.ts'
import type { Rotating } from './rotation.ts'
import { DESTROYED, rotate } from './rotation.ts'
import type { Source } from './sources.ts'
import { isLocal } from './sources.ts'

export type Harm =
  | 'rotation'
  | 'truncation'
  | 'helper killed'
  | 'sessions dropped'
  | 'bot killed'
  | 'rsyslog restarted'
  | 'sshd restarted'
  | 'network cut'
  | 'journald restarted'
  | 'journal vacuumed'
  | 'socket restarted'

/** What can happen, each as often as it stands here. */
export function harmsOf(source: Source, rotating: Rotating): readonly Harm[] {
  const always: readonly Harm[] = ['rotation', 'rotation', 'helper killed', 'helper killed', 'bot killed']
  const ssh: readonly Harm[] = ['sessions dropped', 'sshd restarted', 'network cut']
  if (source === 'journal') return [...always, ...ssh, 'journald restarted', 'journal vacuumed']
  const file: readonly Harm[] = [
    ...always,
    'rsyslog restarted',
    ...(rotating === 'truncate' ? (['truncation'] as const) : []),
  ]
  return isLocal(source) ? [...file, 'socket restarted'] : [...file, ...ssh]
}

export type Harmed = {
  readonly host: MailHost
  readonly source: Source
  readonly killBot: () => Promise<void>
  readonly startBot: () => Promise<void>
}

/** Resolves when it is over: the network is restored, the bot runs again. */
export async function inflict(harm: Harm, harmed: Harmed, random: () => number): Promise<void> {
  const { host, source } = harmed
  switch (harm) {
    case 'rotation':
      if (source === 'journal') await host.exec(['journalctl', '--rotate'])
      else await rotate(host)
      return
    case 'truncation':
      await host.exec(['sh', '-c', 'cp "$1" "$2/$(date +%s%N)"; : >"$1"', 'sh', host.logPath, DESTROYED])
      return
    case 'helper killed':
      await killPartOfHelper(host, Math.floor(random() * 50))
      return
    case 'sessions dropped':
      await dropConnections(host)
      return
    case 'bot killed':
      await harmed.killBot()
      // At once, as systemd starts it again, or after a while in which much can happen.
      if (random() < 0.6) await wait(random() * 6_000)
      await harmed.startBot()
      return
    case 'rsyslog restarted':
      await restart(host, 'rsyslog.service')
      return
    case 'sshd restarted':
      await restart(host, 'ssh.service')
      return
    case 'socket restarted':
      await restart(host, 'maillimit-host.socket')
      return
    case 'journald restarted':
      await restart(host, 'systemd-journald.service')
      return
    case 'journal vacuumed':
      await host.exec(['journalctl', '--rotate', '--vacuum-files=12'])
      return
    case 'network cut':
      await host.cutNetwork()
      // Now and then for longer than the 15 s after which a dead connection has to be noticed.
      await wait(random() < 0.15 ? 18_000 : 500 + random() * 5_000)
      await host.restoreNetwork()
  }
}

async function restart(host: MailHost, unit: string): Promise<void> {
  // systemd lets a unit start five times in ten seconds only.
  await host.exec(['systemctl', 'reset-failed', unit])
  await host.exec(['systemctl', 'restart', unit])
}

/** Kills one process of the helper, whichever chance picks: the shell, the reader of pings, tail, grep, journalctl … */
async function killPartOfHelper(host: MailHost, chance: number): Promise<void> {
  const parts =
    '[^ ]*sh /usr/local/libexec/maillimit-host|tail -[fF]|grep -aF|journalctl .*--follow|timeout --foreground 20'
  const pick =
    `set -- $(ps -eo pid=,args= | grep -E "^ *[0-9]+ (${parts})" | grep -v " -eo " | awk "{print \\$1}"); ` +
    '[ $# -eq 0 ] || { shift $(($0 % $#)); kill -9 "$1"; }'
  await host.exec(['sh', '-c', pick, String(chance)])
}

/** The connections of the bot's account end as when sshd is killed. */
async function dropConnections(host: MailHost): Promise<void> {
  const pick =
    'for p in $(ps -eo pid=,args= | grep -E "sshd[^ ]*: maillimit" | grep -v grep | awk "{print \\$1}"); do kill -9 "$p"; done'
  await host.exec(['sh', '-c', pick])
}
