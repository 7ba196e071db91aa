import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MailHost } from '../mailhost/mail-host.ts'
import type { Workspace } from '../slack/workspace.ts'
import { watchDisk } from './disk-sync.ts'
import { durations, milliseconds } from './figures.ts'
import { limitLine } from './limit-line.ts'
import { median, quantile } from './quantile.ts'
import type { BenchSettings, Figure, Row } from './row.ts'
import { bootHosts, nowMs, openBot, openWorkspace, untilFollowing } from './stage.ts'

const WORDS = 'Maximum number of connections from user+IP'
const TARGET_MS = 15
/** A channel takes about one message a second; an alert is one post and one edit. */
const SPACING_MS = 1_350
/** So that no host has 20 alerts a minute, beyond which they become one. */
const HOSTS = 4

export const alertRow: Row = {
  name: 'alert',
  about:
    'a line is written on the host → chat.postMessage arrives; against ssh HOST tail -F LOG | grep, the same line',
  withinMs: 300_000,
  measure,
}

type Sample = { readonly bareMs: number; readonly oursMs: number }

async function measure(settings: BenchSettings): Promise<readonly Figure[]> {
  await using parts = new AsyncDisposableStack()
  const hosts = await bootHosts(parts, settings, { count: settings.quick ? 1 : HOSTS, prepare: makeLog })
  const slack = await openWorkspace(parts)
  const { bot } = await openBot(parts, { hosts, slack, state: 'alert' })
  await untilFollowing(bot, hosts.length, settings.signal)
  const lanes = await Promise.all(hosts.map(({ host }) => openLane(parts, host)))

  const [warmUp, count] = settings.quick ? [1, 3] : [8, 120]
  settings.progress(`writing ${warmUp + count} lines, one every ${SPACING_MS / 1000} s`)
  const samples: Sample[] = []
  const disk = await watchDisk(join(hosts[0]?.host.filesFolder ?? '', 'disk'))
  for (let index = 0; index < warmUp + count; index++) {
    settings.signal.throwIfAborted()
    const lane = lanes[index % lanes.length]
    if (lane === undefined) break
    const sample = await one(lane, slack, `user${index}@example.com`)
    if (index >= warmUp) samples.push(sample)
    await sleep(SPACING_MS)
  }
  const syncs = await disk.stop()
  const more = samples.map(({ oursMs, bareMs }) => oursMs - bareMs)
  const p99 = quantile(more, 0.99)
  return [
    durations(
      'bare ssh tail | grep',
      samples.map(({ bareMs }) => bareMs),
    ),
    durations(
      'maillimit, to the arrival at Slack’s side',
      samples.map(({ oursMs }) => oursMs),
    ),
    {
      what: `difference, line by line (n = ${samples.length})`,
      p50: milliseconds(median(more)),
      p99: milliseconds(p99),
      target: `p99 at most ${TARGET_MS} ms`,
      met: p99 <= TARGET_MS,
    },
    durations('meanwhile: the disk makes some bytes durable', syncs),
  ]
}

/** A way to write into a host's log, and the bare follow of it. */
type Lane = {
  readonly host: MailHost
  readonly write: (line: string) => void
  /** When the bare follow showed the line of this user. */
  readonly shown: (user: string) => Promise<number>
}

/** The log is there before anybody follows it. */
async function makeLog(host: MailHost): Promise<void> {
  await host.run(['sh', '-c', 'echo "the log begins" >>"$1"', 'sh', host.logPath])
}

async function openLane(parts: AsyncDisposableStack, host: MailHost): Promise<Lane> {
  const writer = host.spawn(['sh', '-c', 'exec cat >>"$1"', 'sh', host.logPath])
  parts.defer(() => void writer.kill())
  const command = `tail -n 100 -F ${host.logPath} | grep --line-buffered -e '${WORDS}' -e 'the log begins'`
  const tail = spawn('ssh', ['-F', host.sshConfig, host.name, command], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  parts.defer(() => void tail.kill())
  const arrivals: { readonly text: string; readonly atMs: number }[] = []
  const arrived = new EventTarget()
  tail.stdout.setEncoding('utf8').on('data', (text: string) => {
    arrivals.push({ text, atMs: nowMs() })
    arrived.dispatchEvent(new Event('text'))
  })
  const shown = (text: string) =>
    within(60_000, `"${text}" through ssh ${host.name} tail`, (found) => {
      const look = () => {
        const arrival = arrivals.find((other) => other.text.includes(text))
        if (arrival !== undefined) found(arrival.atMs)
      }
      look()
      arrived.addEventListener('text', look)
      return () => arrived.removeEventListener('text', look)
    })
  // A line of before says that the follow stands; Dovecot may have said something since.
  await shown('the log begins')
  return { host, write: (line) => void writer.stdin.write(line), shown: (user) => shown(`<${user}>`) }
}

async function one(lane: Lane, slack: Workspace, user: string): Promise<Sample> {
  const posted = within(60_000, `the alert of ${user}`, (found) =>
    slack.feed.subscribe(({ kind }) => {
      const call = slack.calls.at(-1)
      if (kind === 'call' && call?.method === 'chat.postMessage' && JSON.stringify(call.args).includes(user))
        found(call.atMs)
    }),
  )
  const line = limitLine({ host: lane.host.name, user, clientAddress: '198.51.100.7' })
  const writtenAtMs = nowMs()
  lane.write(line)
  const [bareAtMs, postedAtMs] = await Promise.all([lane.shown(user), posted])
  return { bareMs: bareAtMs - writtenAtMs, oursMs: postedAtMs - writtenAtMs }
}

/** Waits for `found` to be called by what `listen` sets up; `listen` returns what takes it down. */
function within(
  timeoutMs: number,
  what: string,
  listen: (found: (atMs: number) => void) => () => void,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const stop = listen(resolve)
  const late = setTimeout(
    () => reject(new Error(`${what} did not come within ${timeoutMs / 1000} s`)),
    timeoutMs,
  )
  return promise.finally(() => {
    clearTimeout(late)
    stop()
  })
}
