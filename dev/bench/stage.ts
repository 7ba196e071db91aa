import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BotProcess, startBot } from '../bot-process.ts'
import { bootMailHost } from '../mailhost/boot.ts'
import { type InstalledHelper, installHelper } from '../mailhost/install-helper.ts'
import type { MailHost } from '../mailhost/mail-host.ts'
import { startWorkspace, type Workspace } from '../slack/workspace.ts'
import type { BenchSettings } from './row.ts'

export type BenchHost = { readonly host: MailHost; readonly helper: InstalledHelper }

/** Milliseconds since 1970 with fractions, as the workspace notes them for each call. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

const clock = {
  now: nowMs,
  after(delayMs: number, run: () => void) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

export type HostsWanted = {
  readonly count: number
  /** The place to change a host before anything is measured. */
  readonly prepare?: (host: MailHost) => Promise<void>
}

/** Boots mail hosts with the helper installed; they go with the stack. */
export async function bootHosts(
  parts: AsyncDisposableStack,
  { release, progress, signal }: BenchSettings,
  { count, prepare }: HostsWanted,
): Promise<readonly BenchHost[]> {
  progress(`booting ${count === 1 ? 'a mail host' : `${count} mail hosts`}`)
  const hosts: BenchHost[] = []
  while (hosts.length < count) {
    signal.throwIfAborted()
    const host = parts.use(await bootMailHost({ release, progress }))
    await prepare?.(host)
    hosts.push({ host, helper: await installHelper(host) })
  }
  return hosts
}

export async function openWorkspace(parts: AsyncDisposableStack): Promise<Workspace> {
  return parts.use(await startWorkspace({ clock }))
}

export type BotWanted = {
  readonly hosts: readonly BenchHost[]
  readonly slack: Workspace
  /** Names for the hosts in turn; each host's own name unless given. */
  readonly aliases?: readonly string[]
  /** An empty state is kept under this name. */
  readonly state: string
}

export type BenchBot = { readonly bot: BotProcess; readonly stateDb: string }

/** Starts the bot with an empty state. Its files go with the first host. */
export async function openBot(parts: AsyncDisposableStack, wanted: BotWanted): Promise<BenchBot> {
  const { hosts, slack, state } = wanted
  const aliases = wanted.aliases ?? hosts.map(({ helper }) => helper.alias)
  const folder = join(hosts[0]?.host.filesFolder ?? '', state)
  await mkdir(folder)
  const stateDb = join(folder, 'maillimit.db')
  const bot = startBot(
    {
      ...slack.environment,
      MAIL_HOSTS: aliases.join(','),
      SSH_CONFIG: await writeSshConfig(folder, hosts, aliases),
      STATE_DB: stateDb,
    },
    folder,
  )
  parts.use(bot)
  return { bot, stateDb }
}

/** Waits until the bot follows this many logs. */
export async function untilFollowing(bot: BotProcess, count: number, signal: AbortSignal): Promise<void> {
  await bot.ready
  const following = () => new Set(bot.log().flatMap(followedHost)).size
  while (following() < count) await bot.untilLogged('following the log', bot.log().length, 60_000)
  signal.throwIfAborted()
}

function followedHost(entry: Record<string, unknown>): readonly string[] {
  return entry['msg'] === 'following the log' ? [String(entry['host'])] : []
}

/** Every alias leads to one of the hosts, in turn. */
async function writeSshConfig(
  folder: string,
  hosts: readonly BenchHost[],
  aliases: readonly string[],
): Promise<string> {
  const blocks = hosts.flatMap(({ host, helper }, index) => {
    const own = aliases.filter((_, alias) => alias % hosts.length === index)
    if (own.length === 0) return []
    return [
      `Host ${own.join(' ')}`,
      `  HostName ${host.address}`,
      '  User maillimit',
      `  IdentityFile ${helper.keyPath}`,
      `  UserKnownHostsFile ${helper.knownHostsPath}`,
    ].join('\n')
  })
  const path = join(folder, 'ssh_config')
  await writeFile(path, `${blocks.join('\n')}\n`)
  return path
}
