import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands between the bot and a host, and can make the network swallow everything without a word. */
export type TcpProxy = AsyncDisposable & {
  readonly port: number
  /** From now on nothing passes, in either direction; the connections stay open. */
  swallow(): void
}

export async function tcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let swallowing = false
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    const pass = (from: Socket, to: Socket) => {
      from.on('data', (bytes) => {
        if (!swallowing) to.write(bytes)
      })
      from.on('end', () => {
        if (!swallowing) to.end()
      })
    }
    pass(near, far)
    pass(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      swallowing = true
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
