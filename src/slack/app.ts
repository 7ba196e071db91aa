import { App } from '@slack/bolt'
import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { DeliveryResult, Messenger } from '../outbox/messenger.ts'
import { type Approval, type Approvers, createApprovers } from './approvers.ts'
import { boltLog } from './bolt-log.ts'
import type { SlackDesk } from './desk.ts'
import { listen } from './listeners.ts'
import { openNetwork } from './network.ts'
import { createSender } from './sender.ts'
import { slackHint, tokenFaults } from './slack-fault.ts'
import { createTwinReceiver, type TwinReceiver } from './twin-receiver.ts'
import { clientOptions, createWebClients } from './web-clients.ts'
import { missingScopes, whoAmI } from './who-am-i.ts'

export type SlackSettings = {
  readonly botToken: string
  readonly appToken: string
  /** The ops channel's id. */
  readonly channel: string
  readonly approvers: readonly string[]
  /** Another Web API base URL; undefined: Slack itself. */
  readonly apiUrl: string | undefined
  /** HTTPS_PROXY; NO_PROXY is honoured with it. */
  readonly proxyUrl: string | undefined
}

type SlackHealth = {
  /** At least one socket stands: clicks and commands arrive. */
  readonly connected: boolean
  readonly connections: number
  readonly fault: string | undefined
  /** The last delivery that failed for good, until one succeeds. */
  readonly delivery: Extract<DeliveryResult, { kind: 'failed' }> | undefined
}

export type SlackApp = {
  /** Works before `start` and after `stop`, until `close`, as far as Slack answers. */
  readonly messenger: Messenger
  /** Resolves when clicks can arrive. Throws OpsError: not retryable for bad tokens, retryable when Slack cannot be reached; may then be called again. */
  start(): Promise<void>
  /** Takes in nothing more, waits for what is being handled, and closes the sockets. */
  stop(): Promise<void>
  /** Ends every connection; what is being sent then has an unknown end, so the outbox has to be stopped before. */
  close(): Promise<void>
  health(): SlackHealth
  /** Whether anybody can approve now: for the alert's `nobodyCanApprove`. Before `start` the answer is no. */
  approval(): Promise<Approval>
}

export type SlackTools = {
  readonly clock: Clock
  readonly log: Log
  /** How long `start` waits for the first socket; 15 s unless said otherwise. */
  readonly startWithinMs?: number
  readonly stopGraceMs?: number
}

type Running = { readonly receiver: TwinReceiver; readonly approvers: Approvers }

export function createSlackApp(settings: SlackSettings, desk: SlackDesk, tools: SlackTools): SlackApp {
  const { clock, log, startWithinMs = 15_000, stopGraceMs = 10_000 } = tools
  const network = openNetwork(settings)
  const clients = createWebClients(settings, network, log)
  let running: Running | undefined
  let delivery: SlackHealth['delivery']
  const messenger = createSender({
    client: clients.outbox,
    subjects: desk.subjects,
    clock,
    log,
    onResult(result) {
      if (result.kind === 'failed') delivery = result
      else if (result.kind === 'sent') delivery = undefined
    },
  })

  async function start(): Promise<void> {
    if (running !== undefined) return
    const workspace = await whoAmI(clients.interactive)
    warnOfScopes(workspace.scopes, log)
    const changed = notifier()
    const receiver = createTwinReceiver({
      appToken: settings.appToken,
      apiUrl: settings.apiUrl,
      network,
      clock,
      log,
      helloWithinMs: 10_000,
      goodbyeWithinMs: 500,
      onChange: () => changed.notify(),
    })
    const app = new App({
      token: settings.botToken,
      receiver,
      // Identity is known already, and a bad token must not end the process from within the constructor.
      deferInitialization: true,
      tokenVerificationEnabled: false,
      botUserId: workspace.botUserId,
      ...(workspace.botId === undefined ? {} : { botId: workspace.botId }),
      convoStore: false,
      logger: boltLog(log),
      clientOptions: clientOptions(settings.apiUrl, network, log, 2500),
    })
    await app.init()
    const approvers = createApprovers(settings, workspace, { client: clients.interactive, clock, log })
    const settleUnfinished = listen(app, {
      channel: settings.channel,
      client: clients.interactive,
      fetch: network.fetch,
      approvers,
      desk,
      clock,
      log,
    })
    // Read before anything can arrive: a click of this moment is handled where it comes in, and only there.
    const unfinished = await desk.actions.unfinishedClicks()
    await receiver.start()
    try {
      await firstSocket(receiver, changed, clock, startWithinMs)
    } catch (error) {
      await receiver.stop()
      throw error
    }
    running = { receiver, approvers }
    await warnOfApproval(approvers, log)
    // Acting can take as long as a host takes: the start does not wait for it, the stop does.
    receiver.track(settleUnfinished(unfinished))
  }

  return {
    messenger,
    start,
    async stop() {
      const stopping = running
      running = undefined
      if (stopping !== undefined) {
        const drained = await stopping.receiver.drain(stopGraceMs)
        if (drained === 'gave-up')
          log.warn({ stopGraceMs }, 'clicks were still being handled when slack was closed')
        await stopping.receiver.stop()
      }
    },
    close: () => network.close(),
    health() {
      const lanes = running?.receiver.lanes ?? []
      const fault = lanes.find((lane) => lane.fault !== undefined)?.fault
      const connections = lanes.filter(({ connected }) => connected).length
      return {
        connected: connections > 0,
        connections,
        fault: fault === undefined ? undefined : faultText(fault),
        delivery,
      }
    },
    async approval() {
      // Known without asking: an alert that is sent before the start shows no button, either.
      if (settings.approvers.length === 0) return { kind: 'nobody', why: 'no-approvers' }
      return (await running?.approvers.approval()) ?? { kind: 'nobody', why: 'channel-unknown' }
    },
  }
}

type Notifier = { notify(): void; next(): Promise<void> }

function notifier(): Notifier {
  let waiting: (() => void)[] = []
  return {
    notify() {
      const woken = waiting
      waiting = []
      for (const wake of woken) wake()
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

/** Waits until one socket stands. A refused app token is final; everything else may come in time. */
async function firstSocket(
  receiver: TwinReceiver,
  changed: Notifier,
  clock: Clock,
  withinMs: number,
): Promise<void> {
  let late = false
  const cancel = clock.after(withinMs, () => {
    late = true
    changed.notify()
  })
  try {
    for (;;) {
      const next = changed.next()
      const { lanes } = receiver
      if (lanes.some(({ connected }) => connected)) return
      const refused = lanes.map(({ fault }) => fault).find((fault) => fault?.kind === 'refused')
      if (refused?.kind === 'refused' && tokenFaults.has(refused.code)) throw appTokenInvalid(refused.code)
      if (late)
        throw noSocket(lanes.map(({ fault }) => (fault === undefined ? 'no answer' : faultText(fault))))
      await next
    }
  } finally {
    cancel()
  }
}

function faultText(fault: NonNullable<TwinReceiver['lanes'][number]['fault']>): string {
  return fault.kind === 'refused' ? fault.code : fault.why
}

function appTokenInvalid(code: string): OpsError {
  return new OpsError('slack-token-invalid', `Slack refuses SLACK_APP_TOKEN: ${code}.`, {
    hint: 'Make an app-level token (xapp-…) with the scope connections:write on the page Basic Information of the Slack app, and set SLACK_APP_TOKEN.',
    context: { token: 'SLACK_APP_TOKEN', code },
  })
}

function noSocket(faults: readonly string[]): OpsError {
  return new OpsError(
    'slack-no-hello',
    `No Socket Mode connection to Slack came up in time (${[...new Set(faults)].join('; ')}).`,
    {
      retryable: true,
      hint: 'Check that this machine may open wss connections to *.slack.com (HTTPS_PROXY is honoured), and that no other ten connections use the same app token.',
      context: { faults },
    },
  )
}

function warnOfScopes(scopes: readonly string[] | undefined, log: Log): void {
  const missing = missingScopes(scopes)
  if (missing.length > 0)
    log.warn({ missing, hint: slackHint('missing_scope') }, 'the slack app lacks scopes')
}

async function warnOfApproval(approvers: Approvers, log: Log): Promise<void> {
  const approval = await approvers.approval()
  if (approval.kind === 'possible') return
  const hints = {
    'no-approvers': 'Set SLACK_APPROVERS to user ids (U…) and user-group ids (S…).',
    'shared-channel':
      'SLACK_CHANNEL is shared with another organisation; use a channel of your own for approvals.',
    'channel-unknown':
      'Check SLACK_CHANNEL, invite the bot to it, and give the app the scopes of manifest.yml.',
  } as const
  log.warn({ why: approval.why, hint: hints[approval.why] }, 'nobody can approve a change')
}
