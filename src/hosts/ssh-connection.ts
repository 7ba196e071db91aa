import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import ssh2, { type Client, type MacAlgorithm, type ServerHostKeyAlgorithm } from 'ssh2'
import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import { hostKeyFault } from './host-key-fault.ts'
import { judgeHostKey, pinnedKeyTypes, pinsOf, readKnownHosts, type HostPins } from './known-hosts.ts'
import { loadAuth } from './ssh-auth.ts'
import type { SshHop } from './ssh-config.ts'
import { connectionBroke, connectionClosed, sshFault } from './ssh-fault.ts'

/** An authenticated connection to the last hop of a route. */
export type SshConnection = {
  readonly client: Client
  /** Aborted, with an OpsError as the reason, once the connection is gone: broken, closed by the host, or by `close`. */
  readonly lost: AbortSignal
  /** `why` becomes the reason of `lost`. */
  close(why?: OpsError): void
}

export type SshTimings = {
  /** For each hop, unless ssh_config has a ConnectTimeout. */
  readonly connectMs: number
  /** A dead connection is noticed after keepaliveMs × (keepaliveMisses + 1). */
  readonly keepaliveMs: number
  readonly keepaliveMisses: number
}

/** The order of our own liking; ssh-rsa (SHA-1) and DSA are left out on purpose. */
const HOST_KEY_ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

/** Without the SHA-1 ones, which ssh2 would offer. */
const MACS: readonly MacAlgorithm[] = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
]

/** Connects through the route, each hop inside the one before, each with its own verified host key. All or nothing. */
export async function connectSsh(
  route: readonly SshHop[],
  clock: Clock,
  timings: SshTimings,
  signal: AbortSignal,
): Promise<SshConnection> {
  const hops: SshConnection[] = []
  const closeAll = (why?: OpsError) => {
    for (const hop of hops.toReversed()) hop.close(why)
  }
  try {
    for (const hop of route) {
      const before = hops.at(-1)
      hops.push(await connectHop(hop, before, clock, timings, signal))
    }
  } catch (error) {
    closeAll()
    throw error
  }
  const last = hops.at(-1)
  if (last === undefined) throw new OpsError('ssh-config', 'a route without a host')
  return { client: last.client, lost: last.lost, close: closeAll }
}

async function connectHop(
  hop: SshHop,
  before: SshConnection | undefined,
  clock: Clock,
  timings: SshTimings,
  signal: AbortSignal,
): Promise<SshConnection> {
  const deadline = new AbortController()
  const deadlineMs = hop.connectTimeoutMs ?? timings.connectMs
  const cancel = clock.after(deadlineMs, () => deadline.abort(tooSlow(hop, deadlineMs)))
  const either = AbortSignal.any([signal, deadline.signal])
  try {
    const [knownHosts, auth] = await Promise.all([readKnownHosts(hop.knownHostsFiles), loadAuth(hop)])
    const pins = pinsOf(
      knownHosts,
      hop.hostKeyAlias ?? hop.hostName,
      hop.hostKeyAlias === undefined ? hop.port : undefined,
    )
    const socket = before === undefined ? dial(hop) : await forward(before, hop, either)
    return await shakeHands(hop, socket, pins, auth, timings, either)
  } finally {
    cancel()
  }
}

function shakeHands(
  hop: SshHop,
  socket: Duplex,
  pins: HostPins,
  auth: Awaited<ReturnType<typeof loadAuth>>,
  timings: SshTimings,
  signal: AbortSignal,
): Promise<SshConnection> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    let fault: OpsError | undefined
    let ready = false
    const lost = new AbortController()

    const close = (why?: OpsError) => {
      fault ??= why
      client.end()
      socket.destroy()
    }
    const fail = (reason: unknown) => {
      close()
      reject(reason)
    }
    const onAbort = () => fail(signal.reason)
    const settle = () => signal.removeEventListener('abort', onAbort)

    // Stays for ever: ssh2 may report more than one error, and some after the end.
    client.on('error', (error) => {
      // An agent that cannot be asked is no end: the next method is tried.
      const { level } = error as { level?: string }
      if (level === 'agent') return
      fault ??=
        ready && level === 'client-socket' ? connectionBroke(hop, error) : sshFault(hop, error, auth.tried)
      settle()
      fail(fault)
      lost.abort(fault)
    })
    client.on('close', () => {
      fault ??= connectionClosed(hop)
      settle()
      reject(fault)
      lost.abort(fault)
    })
    client.on('ready', () => {
      ready = true
      settle()
      resolve({ client, lost: lost.signal, close })
    })

    if (signal.aborted) {
      fail(signal.reason)
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    client.connect({
      sock: socket,
      username: hop.user,
      authHandler: [...auth.methods],
      hostVerifier: strictVerifier((key) => {
        const verdict = judgeHostKey(pins, key)
        if (verdict.kind === 'known') return true
        fault = hostKeyFault(hop.name, pins, key, verdict)
        return false
      }),
      algorithms: {
        serverHostKey: pinnedFirst(pinnedKeyTypes(pins)),
        hmac: [...MACS],
      },
      // Our own deadline spans name resolution, jumps and authentication.
      readyTimeout: 0,
      keepaliveInterval: timings.keepaliveMs,
      keepaliveCountMax: timings.keepaliveMisses,
    })
  })
}

/** ssh2 takes everything but a strict `false` for yes: a promise, null, 0, ''. Here everything but a strict `true` is no. */
export function strictVerifier(judge: (key: Buffer) => unknown): (key: Buffer) => boolean {
  return (key) => {
    try {
      return judge(key) === true
    } catch {
      return false
    }
  }
}

/** As OpenSSH does: a host is asked first for the types of key that known_hosts has of it, or a good host would look changed. */
export function pinnedFirst(keyTypes: readonly string[]): ServerHostKeyAlgorithm[] {
  const isPinned = (algorithm: string) => keyTypes.includes(algorithm.replace(/^rsa-sha2-.*/, 'ssh-rsa'))
  return [
    ...HOST_KEY_ALGORITHMS.filter(isPinned),
    ...HOST_KEY_ALGORITHMS.filter((algorithm) => !isPinned(algorithm)),
  ]
}

function dial(hop: SshHop): Socket {
  const socket = new Socket()
  socket.setNoDelay(true)
  socket.connect({
    host: hop.hostName,
    port: hop.port,
    family: hop.family,
    ...(hop.bindAddress !== undefined && { localAddress: hop.bindAddress }),
  })
  return socket
}

function forward(before: SshConnection, hop: SshHop, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    before.client.forwardOut('127.0.0.1', 0, hop.hostName, hop.port, (error, stream) => {
      signal.removeEventListener('abort', onAbort)
      if (signal.aborted) stream?.close()
      else if (error === undefined) resolve(stream)
      else
        reject(
          new OpsError(
            'unreachable',
            `the jump host does not connect to ${hop.name} (${hop.hostName}, port ${hop.port}): ${error.message}`,
            {
              retryable: true,
              hint: 'The jump host must resolve and reach it, and its sshd must allow TCP forwarding to it (AllowTcpForwarding, PermitOpen).',
              context: { host: hop.name },
              cause: error,
            },
          ),
        )
    })
  })
}

function tooSlow(hop: SshHop, deadlineMs: number): OpsError {
  return new OpsError(
    'timeout',
    `${hop.name} (${hop.hostName}, port ${hop.port}) did not let the bot in within ${deadlineMs / 1000} s`,
    {
      retryable: true,
      hint: 'Is the host up, does a firewall let the bot through, is sshd overloaded?',
      context: { host: hop.name },
    },
  )
}
