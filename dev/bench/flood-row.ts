import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BotProcess } from '../bot-process.ts'
import type { MailHost } from '../mailhost/mail-host.ts'
import { slackRateLimits } from '../slack/rate-limits.ts'
import type { Workspace } from '../slack/workspace.ts'
import { megabytes, milliseconds } from './figures.ts'
import { limitLine } from './limit-line.ts'
import { usageOf } from './process-usage.ts'
import { slopePerS } from './slope.ts'
import type { BenchSettings, Figure, Row } from './row.ts'
import { bootHosts, nowMs, openBot, openWorkspace, untilFollowing } from './stage.ts'

const USERS = 1000
const FOR_MS = 10_000
const BATCHES = 100
/** After what Slack's limits make of it. */
const CURRENT_WITHIN_MS = 5_000
/** What Slack allows: a message a second in a channel, 50 edits a minute. */
const EVERY_MS = { post: 1_000, edit: 1_200 }

export const floodRow: Row = {
  name: 'flood',
  about:
    '100,000 limit hits from 1,000 users within 10 s in a real log → exact counts, memory, until the alerts are current',
  withinMs: 300_000,
  measure,
}

async function measure(settings: BenchSettings): Promise<readonly Figure[]> {
  await using parts = new AsyncDisposableStack()
  const [first] = await bootHosts(parts, settings, { count: 1 })
  if (first === undefined) throw new Error('a host is needed')
  const { host } = first
  await host.run(['sh', '-c', 'echo "the log begins" >>"$1"', 'sh', host.logPath])
  const slack = await openWorkspace(parts)
  const { bot, stateDb } = await openBot(parts, { hosts: [first], slack, state: 'flood' })
  await untilFollowing(bot, 1, settings.signal)
  slack.rateLimits.set(slackRateLimits)
  const state = new DatabaseSync(stateDb, { readOnly: true, timeout: 5_000 })
  parts.defer(() => state.close())

  const memory = watchMemory(bot)
  parts.defer(() => memory.stop())
  const hits = settings.quick ? 5_000 : 100_000
  settings.progress(`writing ${hits} limit hits`)
  const startedAtMs = nowMs()
  await write(host, hits, settings.signal)
  const writtenAtMs = nowMs()
  settings.progress(`written in ${milliseconds(writtenAtMs - startedAtMs)}`)
  const storedAtMs = await until(
    'every hit to be stored',
    settings.signal,
    () => storedUpTo(state) >= hits,
    () => settings.progress(`${storedUpTo(state)} stored`),
  )
  const memoryWhileReading = memory.samples()
  settings.progress(`stored ${milliseconds(storedAtMs - writtenAtMs)} after the last line`)
  const currentAtMs = await until('every message to be current', settings.signal, () => unsent(state) === 0)
  const allowedMs = whatSlackAllows(slack, storedAtMs)
  const lateMs = currentAtMs - writtenAtMs - allowedMs
  const refused = slack.calls.filter(({ fault }) => fault === 'rate-limited').length
  const exact = isExact(state, hits)
  return [
    {
      what: `${hits} hits of ${USERS} users: each stored once, and counted on its incident`,
      p50: exact.words,
      target: 'exact',
      met: exact.isExact,
    },
    { what: `written within`, p50: milliseconds(writtenAtMs - startedAtMs) },
    { what: 'last line → all stored', p50: milliseconds(storedAtMs - writtenAtMs) },
    {
      what: `last line → every message current, beyond the ${milliseconds(allowedMs)} that Slack takes`,
      p50: milliseconds(lateMs),
      target: 'at most 5 s',
      met: lateMs <= CURRENT_WITHIN_MS,
    },
    {
      what: `calls that Slack refused as too many, of ${slack.calls.length}`,
      p50: String(refused),
      target: '0',
      met: refused === 0,
    },
    ...memoryFigures(memoryWhileReading),
  ]
}

async function write(host: MailHost, hits: number, signal: AbortSignal): Promise<void> {
  const writer = host.spawn(['sh', '-c', 'exec cat >>"$1"', 'sh', host.logPath])
  try {
    const startedAt = performance.now()
    for (let batch = 0; batch < BATCHES; batch++) {
      signal.throwIfAborted()
      await sleep(Math.max(0, startedAt + (batch * FOR_MS) / BATCHES - performance.now()))
      const size = hits / BATCHES
      const text = Array.from({ length: size }, (_, index) => lineOf(host, batch * size + index)).join('')
      await new Promise((resolve) => writer.stdin.write(text, resolve))
    }
  } finally {
    writer.stdin.end()
  }
}

function lineOf(host: MailHost, number: number): string {
  const user = `user${number % USERS}@example.com`
  return limitLine({ host: host.name, user, clientAddress: '198.51.100.7' })
}

/** Looks ten times a second; `tell` is called every five seconds meanwhile. */
async function until(
  what: string,
  signal: AbortSignal,
  isSo: () => boolean,
  tell: () => void = () => undefined,
): Promise<number> {
  for (let looks = 1; !isSo(); looks++) {
    signal.throwIfAborted()
    if (looks > 1_200) throw new Error(`waited two minutes in vain for ${what}`)
    if (looks % 50 === 0) tell()
    await sleep(100)
  }
  return nowMs()
}

function storedUpTo(state: DatabaseSync): number {
  return numberOf(state, 'SELECT max(id) FROM hits')
}

function unsent(state: DatabaseSync): number {
  return numberOf(state, "SELECT count(*) FROM outbox WHERE state <> 'sent'")
}

function isExact(state: DatabaseSync, hits: number): { readonly isExact: boolean; readonly words: string } {
  const stored = numberOf(state, 'SELECT count(DISTINCT session) FROM hits')
  const counted = numberOf(state, 'SELECT sum(hits) FROM incidents')
  const each = `SELECT count(*) FROM (SELECT user FROM hits GROUP BY user HAVING count(*) = ${hits / USERS})`
  const users = numberOf(state, each)
  return {
    isExact: stored === hits && counted === hits && users === USERS,
    words: `${stored}, ${counted}`,
  }
}

function numberOf(state: DatabaseSync, query: string): number {
  return Number(Object.values(state.prepare(query).get() ?? {})[0] ?? 0)
}

/** Each message needs one more call after the last hit was stored: those that are not there yet a post, the others an edit. */
function whatSlackAllows(slack: Workspace, sinceMs: number): number {
  const messages = slack.messages().length
  const posts = slack.callsOf('chat.postMessage').filter(({ atMs }) => atMs > sinceMs).length
  return Math.max(posts * EVERY_MS.post, (messages - posts) * EVERY_MS.edit)
}

type Sample = { readonly atS: number; readonly value: number }

function watchMemory(bot: BotProcess): {
  readonly samples: () => readonly Sample[]
  readonly stop: () => void
} {
  const samples: Sample[] = []
  const look = () => void samples.push({ atS: performance.now() / 1000, value: usageOf(bot.pid).rssBytes })
  look()
  const timer = setInterval(look, 200)
  return { samples: () => [...samples], stop: () => clearInterval(timer) }
}

/** Flat: the second half of the flood needs no more than the first half took. */
function memoryFigures(samples: readonly Sample[]): readonly Figure[] {
  const most = (some: readonly Sample[]) => Math.max(...some.map(({ value }) => value))
  const middle = Math.floor(samples.length / 2)
  const [first, second] = [samples.slice(0, middle), samples.slice(middle)]
  const before = samples[0]?.value ?? 0
  return [
    {
      what: 'memory of the bot (RSS) before, and at most',
      p50: megabytes(before),
      p99: megabytes(most(samples)),
    },
    {
      what: 'the most in the first and the second half of the reading',
      p50: megabytes(most(first)),
      p99: megabytes(most(second)),
      target: 'second at most 10 % over first',
      met: most(second) <= most(first) * 1.1,
    },
    { what: 'its slope in the second half', p50: `${megabytes(slopePerS(second))}/s` },
  ]
}
