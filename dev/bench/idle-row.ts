import { setTimeout as sleep } from 'node:timers/promises'
import type { MailHost } from '../mailhost/mail-host.ts'
import { megabytes } from './figures.ts'
import { childrenOf, nameOf, treeUsageOf, usageOf } from './process-usage.ts'
import { median, quantile } from './quantile.ts'
import type { BenchSettings, Figure, Row } from './row.ts'
import { type BenchHost, bootHosts, openBot, openWorkspace, untilFollowing } from './stage.ts'

/** At 200 hosts. */
const TARGET = { rssBytes: 300e6, coreShare: 0.03 }
const FOLLOWED = [1, 50, 200] as const
const HOSTS = 8
/** A host lets 8 logs be followed and 4 questions be asked at a time; here one host plays the part of many. */
const ROOM = ['s/take_slot follow 8/take_slot follow 64/', 's/take_slot ask 4/take_slot ask 64/']
const HELPER = '/usr/local/libexec/maillimit-host'

export const idleRow: Row = {
  name: 'idle',
  about:
    'memory and processor time of the bot that follows 1, 50, 200 hosts on which nothing happens, and of one host',
  withinMs: 600_000,
  measure,
}

async function measure(settings: BenchSettings): Promise<readonly Figure[]> {
  await using parts = new AsyncDisposableStack()
  const hosts = await bootHosts(parts, settings, { count: settings.quick ? 1 : HOSTS, prepare: makeLog })
  const figures: Figure[] = []
  for (const followed of settings.quick ? ([1] as const) : FOLLOWED) {
    if (followed === FOLLOWED[1]) for (const { host } of hosts) await makeRoom(host)
    figures.push(...(await idle(settings, hosts, followed)))
  }
  return figures
}

async function idle(
  settings: BenchSettings,
  hosts: readonly BenchHost[],
  followed: number,
): Promise<readonly Figure[]> {
  await using parts = new AsyncDisposableStack()
  const slack = await openWorkspace(parts)
  const aliases = Array.from({ length: followed }, (_, index) => `mx${index + 1}`)
  const { bot } = await openBot(parts, { hosts, slack, aliases, state: `idle-${followed}` })
  await untilFollowing(bot, followed, settings.signal)
  settings.progress(`${followed} logs are followed`)
  // What starting has left behind is collected in the first moments.
  await sleep(settings.quick ? 1_000 : 10_000)

  const [first] = hosts
  const before = { bot: usageOf(bot.pid), host: hostUsage(first), atMs: performance.now() }
  const rssBytes: number[] = []
  for (let second = 0; second < (settings.quick ? 5 : 40); second++) {
    settings.signal.throwIfAborted()
    await sleep(1_000)
    rssBytes.push(usageOf(bot.pid).rssBytes)
  }
  const tookMs = performance.now() - before.atMs
  const share = (usageOf(bot.pid).cpuMs - before.bot.cpuMs) / tookMs
  const host = hostUsage(first)
  const hostShare = (host.cpuMs - before.host.cpuMs) / tookMs
  const most = quantile(rssBytes, 0.99)
  const isTarget = followed === FOLLOWED.at(-1)
  const figures: Figure[] = [
    {
      what: `${followed} followed: memory of the bot (RSS)`,
      p50: megabytes(median(rssBytes)),
      p99: megabytes(most),
      ...(isTarget ? { target: 'under 300 MB', met: most < TARGET.rssBytes } : {}),
    },
    {
      what: `${followed} followed: the bot’s share of one core, ${(tookMs / 1000).toFixed(0)} s`,
      p50: percent(share),
      ...(isTarget ? { target: 'at most 3 %', met: share <= TARGET.coreShare } : {}),
    },
  ]
  if (followed > 1) return figures
  return [
    ...figures,
    {
      what: `one host: share of one core of its ${host.processes} processes for us`,
      p50: percent(hostShare),
    },
    { what: 'one host: memory of these (PSS)', p50: megabytes(host.memoryBytes) },
  ]
}

/** The log is there before anybody follows it. */
async function makeLog(host: MailHost): Promise<void> {
  await host.run(['sh', '-c', 'echo "the log begins" >>"$1"', 'sh', host.logPath])
}

async function makeRoom(host: MailHost): Promise<void> {
  const before = await host.readFile(HELPER)
  await host.run(['sed', '-i', ...ROOM.flatMap((edit) => ['-e', edit]), HELPER])
  const changed = (await host.readFile(HELPER)).toString()
  if (before.equals(Buffer.from(changed)) || !changed.includes('follow 64'))
    throw new Error('The helper’s limits are not where this bench looks for them: mend ROOM')
}

/** All that sshd has started: on an idle host that is what the bot has asked for. */
function hostUsage(first: BenchHost | undefined): ReturnType<typeof treeUsageOf> {
  const leader = first?.host.leaderPid() ?? 0
  const sshd = childrenOf(leader).find((pid) => nameOf(pid) === 'sshd')
  if (sshd === undefined) throw new Error('the mail host has no sshd')
  return childrenOf(sshd)
    .map(treeUsageOf)
    .reduce(
      (one, other) => ({
        processes: one.processes + other.processes,
        cpuMs: one.cpuMs + other.cpuMs,
        memoryBytes: one.memoryBytes + other.memoryBytes,
      }),
      { processes: 0, cpuMs: 0, memoryBytes: 0 },
    )
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
