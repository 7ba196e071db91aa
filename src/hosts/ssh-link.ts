import { fullJitter } from '../lib/backoff.ts'
import { sleep, type Clock } from '../lib/clock.ts'
import { isOpsError, OpsError } from '../lib/errors.ts'
import { pause } from '../lib/pause.ts'
import { channelBudget } from './channel-budget.ts'
import type { HostLink } from './host-link.ts'
import { linkStates } from './link-states.ts'
import { openSshChannel } from './ssh-channel.ts'
import type { SshHop } from './ssh-config.ts'
import { connectSsh, type SshConnection, type SshTimings } from './ssh-connection.ts'

export type SshLinkTimings = SshTimings & {
  readonly openMs: number
  /** The first and the longest wait before the next try. */
  readonly retryFirstMs: number
  readonly retryMostMs: number
  /** A connection that lived this long was a good one: its end starts the waits anew. */
  readonly goodAfterMs: number
  /** `open('now')` sits out waits up to this. */
  readonly shortWaitMs: number
  /** `trySoon` leaves at least this much of a wait, after a fault that may go by itself and after one that does not. */
  readonly leastWaitMs: number
  readonly leastWaitForAPersonMs: number
}

export const SSH_LINK_TIMINGS: SshLinkTimings = {
  connectMs: 20_000,
  // More than it takes to notice that the connection is dead, which is the better answer.
  openMs: 15_000,
  // Noticed after 12 s; one packet a second and host would cost 200 hosts a few percent of a core.
  keepaliveMs: 3000,
  keepaliveMisses: 3,
  retryFirstMs: 1000,
  retryMostMs: 60_000,
  goodAfterMs: 30_000,
  shortWaitMs: 3000,
  leastWaitMs: 5000,
  // OpenSSH 9.8 and later refuse whoever fails to log in more often than every 5 s for long (PerSourcePenalties).
  leastWaitForAPersonMs: 15_000,
}

/** The log and four more: so many questions the helper answers at a time; sshd allows ten channels. */
const CHANNELS = 5

/** 1.5 s in all. */
const CHANNEL_RETRIES = 5

/**
 * Keeps one connection to a host for as long as it lives, and connects anew when it breaks. `findRoute` is asked at every
 * try, so that a mended ssh_config, key or known_hosts needs no restart.
 */
export function sshLink(
  name: string,
  findRoute: (signal: AbortSignal) => Promise<readonly SshHop[]>,
  clock: Clock,
  timings: SshLinkTimings = SSH_LINK_TIMINGS,
  random: () => number = Math.random,
): HostLink {
  const closing = new AbortController()
  const states = linkStates(clock)
  const budget = channelBudget(CHANNELS)
  const untilNextTry = pause(clock)
  let connection: SshConnection | undefined
  const ended = keepConnected()

  async function keepConnected(): Promise<void> {
    let attempt = 0
    while (!closing.signal.aborted) {
      states.enter({ kind: 'connecting' })
      let fault: OpsError
      try {
        const route = await findRoute(closing.signal)
        connection = await connectSsh(route, clock, timings, closing.signal)
        const upAtMs = clock.now()
        states.enter({ kind: 'up' })
        fault = await whenAborted(connection.lost)
        if (clock.now() - upAtMs >= timings.goodAfterMs) attempt = 0
      } catch (error) {
        fault = error instanceof OpsError ? error : unexpected(name, error)
      }
      connection?.close()
      connection = undefined
      if (closing.signal.aborted) break
      const waitMs = nextWaitMs(fault, attempt++)
      states.enter({ kind: 'down', fault, retryAtMs: clock.now() + waitMs })
      const leastMs = fault.retryable ? timings.leastWaitMs : timings.leastWaitForAPersonMs
      await untilNextTry.wait(waitMs, closing.signal, leastMs)
    }
    states.enter({ kind: 'closed' })
  }

  /** Only a person can mend what is not retryable, and sshd punishes failed logins: such tries are rare from the start. */
  function nextWaitMs(fault: OpsError, attempt: number): number {
    const { retryFirstMs, retryMostMs } = timings
    if (!fault.retryable) return retryMostMs / 2 + Math.round((random() * retryMostMs) / 2)
    return (
      retryFirstMs +
      fullJitter(attempt, { firstMs: retryFirstMs, mostMs: retryMostMs - retryFirstMs }, random)
    )
  }

  return {
    name,
    state: () => states.current,
    onState: (listener) => states.listen(listener),
    trySoon: () => untilNextTry.endSoon(),
    async open(patience, signal) {
      const either = AbortSignal.any([signal, closing.signal])
      for (let refusals = 0; ; ) {
        const state = await states.until((state) => {
          if (state.kind === 'down')
            return patience === 'now' && state.retryAtMs - clock.now() > timings.shortWaitMs
          return state.kind !== 'connecting'
        }, either)
        if (state.kind === 'down') throw state.fault
        const giveBack = await budget.take(either)
        const used = connection
        if (used === undefined) {
          giveBack()
          continue
        }
        try {
          return await openSshChannel(name, used, clock, timings.openMs, either, giveBack)
        } catch (error) {
          if (either.aborted) throw error
          // sshd frees a place only when the helper's process is gone, a moment after its channel.
          if (isOpsError(error, 'channel-refused') && refusals < CHANNEL_RETRIES) {
            await sleep(clock, 50 * 2 ** refusals++, either)
          } else if (patience === 'now' || connection === used) {
            throw error
          }
        }
      }
    },
    async close() {
      const why = new OpsError('link-closed', `the connection to ${name} was closed by the bot itself`)
      closing.abort(why)
      connection?.close(why)
      await ended
    },
  }
}

function whenAborted(lost: AbortSignal): Promise<OpsError> {
  return new Promise((resolve) => {
    if (lost.aborted) resolve(lost.reason as OpsError)
    else lost.addEventListener('abort', () => resolve(lost.reason as OpsError), { once: true })
  })
}

function unexpected(name: string, cause: unknown): OpsError {
  return new OpsError('ssh', `${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    retryable: true,
    context: { host: name },
    cause,
  })
}
