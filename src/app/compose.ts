import { randomBytes } from 'node:crypto'
import type { Settings } from '../config/settings.ts'
import { type OpenMailHost, openMailHosts } from '../hosts/open-mail-hosts.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { followLog } from '../logs/follow-log.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { type MetricsServer, serveMetrics } from '../metrics/serve-metrics.ts'
import { runOutbox } from '../outbox/run-outbox.ts'
import { createSlackApp, type SlackApp } from '../slack/app.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { createBot, type Front } from './bot.ts'
import { type Connection, notReadYet, type WatchedHost } from './parts.ts'

export type ComposedBot = {
  /** Resolves when alerts are posted and clicks arrive, or when Slack is out of reach for the moment. Throws OpsError. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Rejects when the bot cannot go on. */
  readonly failed: Promise<never>
}

/** The whole program: the one place that knows every adapter. */
export function composeBot(
  settings: Settings,
  tools: { readonly clock: Clock; readonly log: Log },
): ComposedBot {
  const { clock, log } = tools
  const metrics = createMetrics()
  const store = openStore(settings.stateDb, { clock })
  const { ssh } = settings
  const opened = openMailHosts(
    {
      mailHosts: settings.mailHosts,
      configFile: ssh.config,
      knownHostsFile: ssh.knownHosts,
      keyFile: ssh.key,
    },
    clock,
  )
  const bot = createBot({
    store,
    clock,
    log,
    metrics,
    hosts: new Map(opened.map((host) => [host.name, watched(host, clock)])),
    lane: settings.slack.channel,
    limitMax: settings.limitMax,
    approvalsRequired: settings.approvalsRequired,
    approvalTtlMs: settings.approvalTtlMs,
    quietAfterMs: settings.quietAfterMs,
    verifyForMs: settings.verifyForMs,
    retentionMs: settings.retentionMs,
    newId,
  })
  const slack = createSlackApp(
    {
      botToken: settings.slack.botToken,
      appToken: settings.slack.appToken,
      channel: settings.slack.channel,
      approvers: settings.slack.approvers,
      apiUrl: settings.slack.apiUrl,
      proxyUrl: settings.slack.proxy,
    },
    bot,
    { clock, log },
  )
  let server: MetricsServer | undefined
  return {
    failed: bot.failed,
    async start() {
      server = await serveMetrics(settings.http, metrics, bot.health, () =>
        refresh(metrics, store, slack, clock),
      )
      log.info({ host: settings.http.host, port: server.port }, 'metrics and health are served')
      const moved = await store.moveUnposted(settings.slack.channel)
      if (moved > 0) log.info({ moved }, 'messages that were never posted go to the present channel')
      await bot.start(frontOf(slack), runOutbox({ store, messenger: slack.messenger, clock, log, newId }))
    },
    async stop() {
      await bot.stop()
      await slack.close()
      await Promise.all(opened.map((host) => host.close()))
      await server?.close()
      store.close()
    },
  }
}

function frontOf(slack: SlackApp): Front {
  return {
    start: () => slack.start(),
    stop: () => slack.stop(),
    problem() {
      const { connected, fault, delivery } = slack.health()
      if (delivery !== undefined) return `Slack does not take messages: ${delivery.code}. ${delivery.hint}`
      return connected ? undefined : `Slack is not connected: ${fault ?? 'no answer yet'}.`
    },
    async nobodyCanApprove() {
      const approval = await slack.approval()
      // While Slack has not said who is who, buttons are shown; the click itself is judged again, and on doubt refused.
      return approval.kind === 'nobody' && approval.why !== 'channel-unknown'
    },
  }
}

function watched(host: OpenMailHost, clock: Clock): WatchedHost {
  const { name, mailHost } = host
  const facts: WatchedHost['facts'] = { latest: undefined }
  // Reading begins after hello, which has found out what kind of log there is.
  const kind = async () => (facts.latest?.log.kind === 'journal' ? 'journal' : 'file')
  return {
    name,
    mailHost,
    logSource: followLog({ host: name, stream: host.hostStream, clock, kind }),
    connection: () => connectionOf(host),
    onConnection: (listener) => host.onState(() => listener(connectionOf(host))),
    trySoon: () => host.trySoon(),
    facts,
    reading: notReadYet(),
  }
}

function connectionOf(host: OpenMailHost): Connection {
  const state = host.state()
  if (state.kind === 'up' || state.kind === 'closed') return state
  return { kind: 'away', sinceMs: state.sinceMs, fault: state.fault }
}

async function refresh(metrics: Metrics, store: Store, slack: SlackApp, clock: Clock): Promise<void> {
  const { counts, oldestUnsentAtMs } = await store.figures()
  for (const [state, count] of Object.entries(counts)) metrics.outbox.set({ state }, count)
  metrics.outboxLag.set(oldestUnsentAtMs === undefined ? 0 : (clock.now() - oldestUnsentAtMs) / 1_000)
  metrics.slackConnected.set(slack.health().connected ? 1 : 0)
}

/** Ten characters of a 32-letter alphabet: short enough to type, and no two alike in the life of a bot. */
function newId(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  return [...randomBytes(10)].map((byte) => alphabet[byte % alphabet.length]).join('')
}
