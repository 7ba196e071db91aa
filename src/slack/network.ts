import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, fetch as undiciFetch, Pool } from 'undici'

/** The way out to Slack: one pool of connections for the Web API and the sockets, which can be closed for good. */
export type Network = {
  readonly dispatcher: Dispatcher
  readonly fetch: typeof globalThis.fetch
  /** Ends every connection, also a WebSocket whose far side is silent. */
  close(): Promise<void>
}

type Connector = ReturnType<typeof buildConnector>

/** `proxyUrl` is HTTPS_PROXY; NO_PROXY is honoured with it. Plain http (a workspace on loopback) never goes through a proxy. */
export function openNetwork(settings: {
  readonly proxyUrl: string | undefined
  readonly apiUrl: string | undefined
}): Network {
  const sockets = new Set<{ destroy(): unknown }>()
  // undici detaches a WebSocket's connection from its pool, so the sockets are remembered where they are made.
  const remember =
    (connect: Connector): Connector =>
    (options, callback) =>
      connect(options, (...answer) => {
        const [, socket] = answer
        // Undefined after a failure, whatever the types say.
        if (socket) {
          sockets.add(socket)
          socket.once('close', () => sockets.delete(socket))
        }
        callback(...answer)
      })

  // HTTP/1.1: a WebSocket needs a connection of its own.
  const direct = remember(buildConnector({ allowH2: false, timeout: 10_000 }))
  const useProxy = settings.proxyUrl !== undefined && !settings.apiUrl?.startsWith('http:')
  const dispatcher: Dispatcher = useProxy
    ? new EnvHttpProxyAgent({
        httpsProxy: settings.proxyUrl,
        allowH2: false,
        connect: direct,
        clientFactory: (origin: URL, options: object) => {
          const { connect } = options as { connect: Connector }
          return new Pool(origin, { ...options, connect: remember(connect) })
        },
      })
    : new Agent({ allowH2: false, connect: direct })

  return {
    dispatcher,
    fetch: ((url: string, init: object) =>
      undiciFetch(url, { ...init, dispatcher })) as typeof globalThis.fetch,
    async close() {
      await dispatcher.destroy()
      for (const socket of sockets) socket.destroy()
    },
  }
}
