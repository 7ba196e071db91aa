import type { ClientChannel } from 'ssh2'
import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { Channel, ChannelEnding } from './host-link.ts'
import type { SshConnection } from './ssh-connection.ts'

/** Whatever is asked for, the key's forced command runs the helper; without one, this does. */
const COMMAND = 'sudo -n /usr/local/libexec/maillimit-host'

/** Standard error is kept for the error message only. */
const KEPT_BYTES = 2048

/** Opens one channel; `done` is called once its place on the connection is free again, or when none was taken. */
export async function openSshChannel(
  host: string,
  connection: SshConnection,
  clock: Clock,
  openMs: number,
  signal: AbortSignal,
  done: () => void,
): Promise<Channel> {
  let raw: ClientChannel
  try {
    raw = await execute(host, connection, clock, openMs, signal)
  } catch (error) {
    done()
    throw error
  }

  let said = Buffer.alloc(0)
  let status: string | undefined
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
  raw.stderr.on('data', (bytes: Buffer) => {
    if (said.length < KEPT_BYTES) said = Buffer.concat([said, bytes]).subarray(0, KEPT_BYTES)
  })
  raw.on('exit', (code: number | null, signalName?: string) => {
    status = code === null ? `signal ${signalName}` : `exit status ${code}`
  })
  // What fails here also ends the readable side, which is where it is noticed.
  raw.on('error', () => {})
  const finish = () => {
    connection.lost.removeEventListener('abort', finish)
    onClosed()
    done()
  }
  raw.once('close', finish)
  connection.lost.addEventListener('abort', finish, { once: true })

  return {
    stream: raw,
    async ending(): Promise<ChannelEnding> {
      let cancel = () => {}
      await Promise.race([closed, new Promise<void>((resolve) => (cancel = clock.after(500, resolve)))])
      cancel()
      if (connection.lost.aborted) return { kind: 'lost', fault: connection.lost.reason as OpsError }
      return { kind: 'ended', status, said: said.toString('latin1') }
    },
    close() {
      // ssh2 reports a channel as closed only after its last byte was read.
      raw.resume()
      raw.close()
    },
  }
}

async function execute(
  host: string,
  connection: SshConnection,
  clock: Clock,
  openMs: number,
  signal: AbortSignal,
): Promise<ClientChannel> {
  const deadline = new AbortController()
  const cancel = clock.after(openMs, () => deadline.abort(tooSlow(host, openMs)))
  const gaveUp = AbortSignal.any([signal, connection.lost, deadline.signal])
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>()
  const onAbort = () => reject(gaveUp.reason)
  gaveUp.addEventListener('abort', onAbort)
  try {
    gaveUp.throwIfAborted()
    try {
      connection.client.exec(COMMAND, (error, channel) => {
        if (gaveUp.aborted) channel?.close()
        else if (error === undefined) resolve(channel)
        else reject(refusedChannel(host, error))
      })
    } catch (error) {
      // "Not connected": the host has said goodbye, and that the connection is gone is still to be told.
      connection.close(closing(host, error))
    }
    return await promise
  } finally {
    cancel()
    gaveUp.removeEventListener('abort', onAbort)
  }
}

function tooSlow(host: string, openMs: number): OpsError {
  return new OpsError('timeout', `${host} did not open a channel within ${openMs / 1000} s`, {
    retryable: true,
    context: { host },
  })
}

function closing(host: string, cause: unknown): OpsError {
  return new OpsError('connection-lost', `the connection to ${host} was just being closed`, {
    retryable: true,
    context: { host },
    cause,
  })
}

function refusedChannel(host: string, error: Error): OpsError {
  return new OpsError('channel-refused', `${host} refuses another channel: ${error.message}`, {
    retryable: true,
    hint: 'sshd allows MaxSessions (10) channels a connection, and the account must be allowed to run a command.',
    context: { host },
    cause: error,
  })
}
