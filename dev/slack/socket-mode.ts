import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { sleep } from '../../src/lib/clock.ts'
import type { ApiMethod } from './web-api/method.ts'
import { app, type World } from './world.ts'

export type DisconnectReason = 'warning' | 'refresh_requested' | 'link_disabled' | 'too_many_websockets'

/** What goes wrong with the next connection that is opened. */
type SocketFault = 'no-hello' | 'close-at-once' | 'refuse'

type Ack = { readonly envelopeId: string; readonly payload: unknown }

/** The sockets of Socket Mode. */
export type Sockets = {
  /** Connections that were greeted and have not been told to go. */
  readonly open: number
  /** How many connections there ever were. */
  readonly total: number
  /** Sends `disconnect` on all connections, or on the `most` oldest, and ends each that the client does not close itself. */
  disconnect(reason: DisconnectReason, most?: number): void
  /** Cuts all connections without a word, as a broken network does. */
  cut(): void
  /** Hits the next connections, in order. */
  failNext(...faults: readonly SocketFault[]): void
}

export type SocketServer = Sockets & {
  readonly openMethod: ApiMethod
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Sends to one connection, the next in turn; false when there is none. */
  send(message: unknown): boolean
  onAck(listener: (ack: Ack) => void): void
  /** Says goodbye to all, and cuts those that do not answer. */
  close(): Promise<void>
}

export type SocketSettings = {
  /** Time between pings; `never` sends none: the client's watchdog arms at the first. */
  readonly pingEveryMs: number | 'never'
  /** How long a connection that was told to go may linger. */
  readonly lingerMs: number
}

const maxConnections = 10
const ticketTtlMs = 30_000

export function createSocketServer(world: World, settings: SocketSettings): SocketServer {
  const server = new WebSocketServer({ noServer: true })
  const tickets = new Map<string, number>()
  const greeted: WebSocket[] = []
  const pending: SocketFault[] = []
  const ackListeners: ((ack: Ack) => void)[] = []
  const ended = new AbortController()
  let total = 0
  let turn = 0

  function forget(socket: WebSocket): void {
    const index = greeted.indexOf(socket)
    if (index >= 0) greeted.splice(index, 1)
    world.feed.emit('socket', { open: greeted.length })
  }
  function greet(socket: WebSocket): void {
    greeted.push(socket)
    socket.send(JSON.stringify(hello(greeted.length)))
    world.feed.emit('socket', { open: greeted.length })
  }
  async function retire(socket: WebSocket, reason: DisconnectReason): Promise<void> {
    forget(socket)
    socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'local' } }))
    await sleep(world.clock, settings.lingerMs, ended.signal).catch(() => {})
    socket.terminate()
  }
  function accept(socket: WebSocket): void {
    total += 1
    socket.on('close', () => forget(socket))
    socket.on('error', () => forget(socket))
    socket.on('message', (data) => {
      const ack = readAck(data as Buffer)
      if (ack !== undefined) for (const listener of ackListeners) listener(ack)
    })
    void pinging(socket)
    const fault = pending.shift()
    if (fault === 'close-at-once') socket.close(1001)
    else if (server.clients.size > maxConnections) void retire(socket, 'too_many_websockets')
    else if (fault !== 'no-hello') greet(socket)
  }
  async function pinging(socket: WebSocket): Promise<void> {
    const every = settings.pingEveryMs
    while (every !== 'never' && !ended.signal.aborted && socket.readyState === socket.OPEN) {
      socket.ping('Ping from the local workspace')
      await sleep(world.clock, every, ended.signal).catch(() => {})
    }
  }

  return {
    get open() {
      return greeted.length
    },
    get total() {
      return total
    },
    disconnect(reason, most = maxConnections) {
      for (const socket of greeted.slice(0, most)) void retire(socket, reason)
    },
    cut() {
      for (const socket of server.clients) socket.terminate()
    },
    failNext(...faults) {
      pending.push(...faults)
    },
    openMethod: {
      token: 'app',
      run() {
        const ticket = world.ids.secret()
        tickets.set(ticket, world.clock.now())
        return { url: `${world.origin.replace('http', 'ws')}/link/?ticket=${ticket}&app_id=${app.id}` }
      },
    },
    upgrade(request, socket, head) {
      const ticket = new URL(request.url ?? '/', world.origin).searchParams.get('ticket') ?? ''
      const issuedAtMs = tickets.get(ticket)
      tickets.delete(ticket)
      const isFresh = issuedAtMs !== undefined && world.clock.now() - issuedAtMs <= ticketTtlMs
      if (!isFresh || pending[0] === 'refuse') {
        if (pending[0] === 'refuse') pending.shift()
        socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        return
      }
      server.handleUpgrade(request, socket, head, accept)
    },
    send(message) {
      turn += 1
      const socket = greeted[turn % Math.max(1, greeted.length)]
      socket?.send(JSON.stringify(message))
      return socket !== undefined
    },
    onAck(listener) {
      ackListeners.push(listener)
    },
    async close() {
      ended.abort(new Error('the workspace was closed'))
      const gone = [...server.clients].map((socket) => once(socket, 'close'))
      for (const socket of server.clients) socket.close(1001)
      const patience = new AbortController()
      await Promise.race([Promise.all(gone), sleep(world.clock, 250, patience.signal).catch(() => {})])
      patience.abort(new Error('all are gone'))
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

function hello(connections: number): unknown {
  return {
    type: 'hello',
    num_connections: connections,
    debug_info: { host: 'local', build_number: 1, approximate_connection_time: 18_060 },
    connection_info: { app_id: app.id },
  }
}

function readAck(data: Buffer): Ack | undefined {
  try {
    const { envelope_id: id, payload } = JSON.parse(data.toString()) as {
      envelope_id?: unknown
      payload?: unknown
    }
    return typeof id === 'string' ? { envelopeId: id, payload } : undefined
  } catch {
    return undefined
  }
}
