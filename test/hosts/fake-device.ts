import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import ssh2, { type Connection, type ServerChannel, type ServerConfig } from 'ssh2'

const { Server, utils } = ssh2

export type KeyPair = { readonly private: string; readonly public: string; readonly blob: Buffer }

export function newKeyPair(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519', passphrase?: string): KeyPair {
  const locked = passphrase === undefined ? ({} as object) : { passphrase, cipher: 'aes256-ctr', rounds: 2 }
  const made =
    type === 'rsa'
      ? utils.generateKeyPairSync('rsa', { bits: 2048, ...locked })
      : type === 'ecdsa'
        ? utils.generateKeyPairSync('ecdsa', { bits: 256, ...locked })
        : utils.generateKeyPairSync('ed25519', { ...locked })
  // ssh2 1.17.0 makes a key that it cannot read itself once in 150 times.
  if (passphrase === undefined && utils.parseKey(made.private) instanceof Error) return newKeyPair(type)
  return { ...made, blob: Buffer.from(made.public.split(' ')[1] ?? '', 'base64') }
}

export type FakeDeviceOptions = {
  readonly hostKeys?: readonly KeyPair[]
  /** Who may log in; without it everybody with any key may. */
  readonly authorized?: KeyPair
  readonly algorithms?: ServerConfig['algorithms']
  /** What the forced command does with the request line. The channel stays open until it is ended. */
  readonly run?: (channel: ServerChannel, request: string) => unknown
  /** `ignore`: says neither yes nor no to a session. */
  readonly sessions?: 'accept' | 'refuse' | 'ignore'
  /** Called for each connection to be forwarded; without it forwarding is refused. */
  readonly forward?: (port: number) => Socket
}

/** A mail host's sshd with a forced command, in this process. It speaks real SSH and misbehaves as told. */
export type FakeDevice = AsyncDisposable & {
  readonly port: number
  readonly hostKeys: readonly KeyPair[]
  /** Request lines, in order of their arrival. */
  readonly requests: string[]
  /** What came after the request line, of all channels together. */
  readonly input: string[]
  readonly counts: { connections: number; open: number; mostOpen: number; logins: number }
  knownHosts(name?: string): string
  drop(): void
}

export async function fakeDevice(options: FakeDeviceOptions = {}): Promise<FakeDevice> {
  const hostKeys = options.hostKeys ?? [newKeyPair()]
  const connections = new Set<Connection>()
  const counts = { connections: 0, open: 0, mostOpen: 0, logins: 0 }
  const requests: string[] = []
  const input: string[] = []

  const server = new Server(
    {
      hostKeys: hostKeys.map((key) => key.private),
      ...(options.algorithms && { algorithms: options.algorithms }),
    },
    (connection) => {
      counts.connections++
      connections.add(connection)
      connection.on('error', () => {})
      connection.on('close', () => connections.delete(connection))
      connection.on('authentication', (attempt) => {
        if (attempt.method !== 'publickey') return attempt.reject(['publickey'])
        const isTheOne = options.authorized === undefined || attempt.key.data.equals(options.authorized.blob)
        if (!isTheOne) return attempt.reject(['publickey'])
        if (attempt.signature !== undefined) counts.logins++
        attempt.accept()
      })
      connection.on('tcpip', (accept, reject, info) => {
        if (options.forward === undefined) return reject()
        const stream = accept()
        const socket = options.forward(info.destPort)
        stream.on('error', () => {})
        socket.on('error', () => stream.end())
        socket.on('close', () => stream.close())
        stream.on('close', () => socket.destroy())
        stream.pipe(socket).pipe(stream)
      })
      connection.on('session', (accept, reject) => {
        if (options.sessions === 'ignore') return
        if (options.sessions === 'refuse') return reject()
        accept().on('exec', (acceptExec) => {
          const channel = acceptExec()
          counts.open++
          counts.mostOpen = Math.max(counts.mostOpen, counts.open)
          channel.on('close', () => counts.open--)
          channel.on('error', () => {})
          let before = ''
          let asked = false
          channel.on('data', (bytes: Buffer) => {
            if (asked) {
              input.push(bytes.toString())
              return
            }
            before += bytes.toString()
            const lf = before.indexOf('\n')
            if (lf < 0) return
            asked = true
            const request = before.slice(0, lf)
            if (before.length > lf + 1) input.push(before.slice(lf + 1))
            requests.push(request)
            options.run?.(channel, request)
          })
        })
      })
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    port,
    hostKeys,
    requests,
    input,
    counts,
    knownHosts(name = `[127.0.0.1]:${port}`) {
      return hostKeys.map((key) => `${name} ${key.public}\n`).join('')
    },
    drop() {
      for (const connection of connections) socketOf(connection).destroy()
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) socketOf(connection).destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

/** Ends a channel as a program that exits does. */
export function finish(channel: ServerChannel, text: string, status = 0): void {
  channel.write(text)
  channel.exit(status)
  channel.end()
}

function socketOf(connection: Connection): Socket {
  return (connection as unknown as { _sock: Socket })._sock
}
