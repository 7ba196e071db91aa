import { SocketModeReceiver } from '@slack/bolt'
import { fullJitter } from '../lib/backoff.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { boltLog } from './bolt-log.ts'
import type { Network } from './network.ts'
import { type SlackFault, slackFault } from './slack-fault.ts'
import { clientOptions } from './web-clients.ts'

/** One Socket Mode connection that is kept up for ever. */
export type SocketLane = {
  readonly connected: boolean
  /** Why there is no connection, while there is none. */
  readonly fault: SlackFault | undefined
  stop(): Promise<void>
}

export type LaneParts = {
  readonly name: string
  readonly appToken: string
  readonly apiUrl: string | undefined
  readonly network: Network
  readonly clock: Clock
  readonly log: Log
  /** What each connection hands its envelopes to. */
  readonly app: Parameters<SocketModeReceiver['init']>[0]
  /** Without Slack's `hello` within this time the connection is given up and tried anew. */
  readonly helloWithinMs: number
  /** The library waits up to 30 s for Slack's goodbye; after this time it is made to let go. */
  readonly goodbyeWithinMs: number
  readonly onChange: () => void
}

const retryRange = { firstMs: 500, mostMs: 15_000 }
const openTimeoutMs = 8000
const goodLifeMs = 10_000

/**
 * The library's own reconnecting waits 5 s after every disconnect and ends the process when `apps.connections.open` finally
 * fails, so it is off: each connection is a receiver of its own, and this loop makes the next one.
 */
export function keepConnected(parts: LaneParts): SocketLane {
  const { clock, log, name } = parts
  const ended = new AbortController()
  const state = { connected: false, fault: undefined as SlackFault | undefined }

  const setState = (connected: boolean, fault: SlackFault | undefined) => {
    const changed = state.connected !== connected || state.fault?.kind !== fault?.kind
    Object.assign(state, { connected, fault })
    if (changed) parts.onChange()
  }

  async function loop(): Promise<void> {
    let failures = 0
    while (!ended.signal.aborted) {
      let greetedAtMs: number | undefined
      const fault = await oneConnection(parts, ended.signal, () => {
        greetedAtMs = clock.now()
        setState(true, undefined)
        log.debug({ lane: name }, 'slack socket connected')
      }).catch((error: unknown) => slackFault(error))
      if (ended.signal.aborted) break
      setState(false, fault)
      // One that Slack recycled after a good life is followed by the next one at once; one that is closed again and again is not.
      const livedWell = greetedAtMs !== undefined && clock.now() - greetedAtMs >= goodLifeMs
      failures = livedWell ? 0 : failures + 1
      // Said at the 1st, 2nd, 4th, 8th … failure: an outage of a day is not a log of thousands of lines.
      if (greetedAtMs === undefined && Number.isInteger(Math.log2(failures))) {
        log.warn({ lane: name, fault, failures }, 'slack socket could not be opened, trying again')
      }
      await sleep(clock, waitMs(failures, fault), ended.signal).catch(() => {})
    }
    setState(false, undefined)
  }

  const done = loop()
  return {
    get connected() {
      return state.connected
    },
    get fault() {
      return state.fault
    },
    async stop() {
      ended.abort(new Error('the slack app stops'))
      await done
    },
  }
}

/** Slack's own wish comes first. */
function waitMs(failures: number, fault: SlackFault | undefined): number {
  const wishMs = fault?.kind === 'later' ? fault.afterMs : 0
  return failures === 0 ? 50 : Math.max(100, wishMs, fullJitter(failures - 1, retryRange))
}

/** Lives as long as one connection; the returned fault says why it ended, or undefined after a life with a `hello`. */
async function oneConnection(
  parts: LaneParts,
  signal: AbortSignal,
  onHello: () => void,
): Promise<SlackFault | undefined> {
  const receiver = new SocketModeReceiver({
    appToken: parts.appToken,
    logger: boltLog(parts.log),
    dispatcher: parts.network.dispatcher,
    autoReconnectEnabled: false,
    installerOptions: { clientOptions: clientOptions(parts.apiUrl, parts.network, parts.log, openTimeoutMs) },
  })
  receiver.init(parts.app)
  const { client } = receiver
  const { promise: over, resolve: end } = Promise.withResolvers<SlackFault | undefined>()
  const stopWaiting = parts.clock.after(parts.helloWithinMs, () => end(ambiguous('no greeting came')))
  const onAbort = () => end(undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  let greeted = false
  client.once('connected', () => {
    greeted = true
    stopWaiting()
    onHello()
  })
  client.once('disconnected', () => end(greeted ? undefined : ambiguous('closed before its greeting')))
  client.start().catch((error: unknown) => {
    // `undefined` is how the library says that the socket closed first.
    if (error !== undefined) end(slackFault(error))
  })
  const fault = await over
  stopWaiting()
  signal.removeEventListener('abort', onAbort)
  await endConnection(client, parts)
  return fault
}

function ambiguous(why: string): SlackFault {
  return { kind: 'ambiguous', why }
}

/** Asked a second time, the library no longer waits for the far side's goodbye. */
async function endConnection(
  client: SocketModeReceiver['client'],
  { clock, goodbyeWithinMs }: Pick<LaneParts, 'clock' | 'goodbyeWithinMs'>,
): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<boolean>()
  client.once('disconnected', () => resolve(true))
  const stopWaiting = clock.after(goodbyeWithinMs, () => resolve(false))
  void client.disconnect()
  if (!(await closed)) void client.disconnect()
  stopWaiting()
}
