import { connect, type Socket } from 'node:net'
import { fullJitter } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import { pause } from '../lib/pause.ts'
import type { Channel, HostLink } from './host-link.ts'
import { linkStates } from './link-states.ts'

/** Where `maillimit-host.socket` listens: systemd starts one helper a connection. */
export const LOCAL_SOCKET = '/run/maillimit-host.sock'

const RETRY = { firstMs: 1000, mostMs: 60_000 }

/**
 * The link to the mail host that the bot runs on itself. Each channel is a connection of its own, so there is nothing to keep up in between;
 * but whoever waits for the host to be up asks for no channel before, so the link tries by itself, at first and whenever it failed.
 */
export function localLink(
  name: string,
  clock: Clock,
  socketPath: string = LOCAL_SOCKET,
  random: () => number = Math.random,
): HostLink {
  const closing = new AbortController()
  const states = linkStates(clock)
  const open = new Set<Socket>()
  let knocking = false
  const untilNextTry = pause(clock)

  async function dial(signal: AbortSignal): Promise<Channel> {
    const socket = await connected(name, socketPath, signal)
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    states.enter({ kind: 'up' })
    return channelOn(socket, closing.signal)
  }

  async function knock(waitMs: number): Promise<void> {
    if (knocking) return
    knocking = true
    for (let attempt = 0; !closing.signal.aborted; attempt++) {
      await untilNextTry.wait(waitMs, closing.signal)
      try {
        const channel = await dial(closing.signal)
        channel.close()
        break
      } catch (error) {
        if (closing.signal.aborted || !(error instanceof OpsError)) break
        waitMs = RETRY.firstMs + fullJitter(attempt, RETRY, random)
        states.enter({ kind: 'down', fault: error, retryAtMs: clock.now() + waitMs })
      }
    }
    knocking = false
  }

  void knock(0)
  return {
    name,
    state: () => states.current,
    onState: (listener) => states.listen(listener),
    trySoon: () => untilNextTry.endSoon(),
    async open(patience, signal) {
      const either = AbortSignal.any([signal, closing.signal])
      for (;;) {
        try {
          return await dial(either)
        } catch (error) {
          if (either.aborted || !(error instanceof OpsError)) throw error
          states.enter({ kind: 'down', fault: error, retryAtMs: clock.now() + RETRY.firstMs })
          void knock(RETRY.firstMs)
          if (patience === 'now') throw error
          await states.until((state) => state.kind === 'up', either)
        }
      }
    },
    async close() {
      closing.abort(new OpsError('link-closed', `the connection to ${name} was closed by the bot itself`))
      const closed = [...open].map(
        (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
      )
      for (const socket of open) socket.destroy()
      await Promise.all(closed)
      states.enter({ kind: 'closed' })
    },
  }
}

function connected(name: string, socketPath: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const socket = connect({ path: socketPath, allowHalfOpen: true })
    const onAbort = () => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    // Stays for ever: what fails later ends the readable side, which is where it is noticed.
    socket.on('error', (error) => {
      signal.removeEventListener('abort', onAbort)
      reject(localFault(name, socketPath, error))
    })
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort)
      resolve(socket)
    })
  })
}

function channelOn(socket: Socket, closing: AbortSignal): Channel {
  return {
    stream: socket,
    ending: () =>
      Promise.resolve(
        closing.aborted
          ? { kind: 'lost', fault: closing.reason as OpsError }
          : { kind: 'ended', status: undefined, said: '' },
      ),
    close: () => {
      socket.destroy()
    },
  }
}

function localFault(name: string, socketPath: string, error: NodeJS.ErrnoException): OpsError {
  const hint =
    error.code === 'EACCES'
      ? 'The bot’s account must be in the group maillimit: "usermod -aG maillimit ACCOUNT", then start the bot anew.'
      : 'Run host/install on this machine, then "systemctl enable --now maillimit-host.socket".'
  return new OpsError(
    'unreachable',
    `${name}: the helper’s socket ${socketPath} cannot be reached (${error.code})`,
    {
      retryable: true,
      hint,
      context: { host: name },
      cause: error,
    },
  )
}
