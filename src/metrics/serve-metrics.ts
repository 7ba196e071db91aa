import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OpsError } from '../lib/errors.ts'
import type { Metrics } from './metrics.ts'

/** What is wrong with the bot itself, as sentences; empty: all is well. */
export type Health = () => Promise<readonly string[]>

export type MetricsServer = { readonly port: number; close(): Promise<void> }

/**
 * `/metrics` for Prometheus, `/healthz` (200 while the process works at all), `/readyz` (200 when Slack and every mail host are connected, else 503
 * with the reasons). Throws OpsError `http-port` when the port cannot be had.
 */
export async function serveMetrics(
  at: { readonly host: string; readonly port: number },
  metrics: Metrics,
  health: Health,
  /** Brings figures that are read rather than counted up to date. */
  refresh: () => Promise<void>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answerFor(request.url ?? '/', metrics, health, refresh).then(
      (answer) => {
        response.writeHead(answer.status, { 'content-type': answer.type, 'cache-control': 'no-store' })
        response.end(request.method === 'HEAD' ? undefined : answer.body)
      },
      () => {
        response.writeHead(500).end()
      },
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new OpsError('http-port', `cannot listen on ${at.host}:${at.port}: ${cause.code ?? cause.message}`, {
          hint: 'Set HTTP_PORT to a free port, or stop the other instance of the bot.',
          cause,
        }),
      ),
    )
    server.listen(at.port, at.host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answerFor(url: string, metrics: Metrics, health: Health, refresh: () => Promise<void>) {
  const plain = 'text/plain; charset=utf-8'
  switch (url.split('?')[0]) {
    case '/metrics':
      await refresh()
      return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() }
    case '/healthz':
      return { status: 200, type: plain, body: 'ok\n' }
    case '/readyz': {
      const problems = await health()
      return problems.length === 0
        ? { status: 200, type: plain, body: 'ready\n' }
        : { status: 503, type: plain, body: `${problems.join('\n')}\n` }
    }
    default:
      return { status: 404, type: plain, body: 'There are /metrics, /healthz and /readyz.\n' }
  }
}
