import { afterEach, describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { type MetricsServer, serveMetrics } from '../../src/metrics/serve-metrics.ts'

let server: MetricsServer | undefined
let problems: string[] = []
afterEach(async () => {
  await server?.close()
  server = undefined
  problems = []
})

async function start() {
  const metrics = createMetrics()
  server = await serveMetrics(
    { host: '127.0.0.1', port: 0 },
    metrics,
    async () => problems,
    async () => metrics.outboxLag.set(7),
  )
  return { metrics, get: (path: string) => fetch(`http://127.0.0.1:${server?.port}${path}`) }
}

describe('the metrics server', () => {
  it('shows what was counted, as Prometheus reads it', async () => {
    const { metrics, get } = await start()
    metrics.hits.inc({ host: 'mx1', reason: 'first-hit' }, 3)
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    expect(text).toContain('maillimit_limit_hits_total{host="mx1",reason="first-hit"} 3')
    expect(text).toContain('maillimit_outbox_oldest_unsent_seconds 7')
  })

  it('is not ready while something is wrong, and says what', async () => {
    const { get } = await start()
    expect((await get('/readyz')).status).toBe(200)
    problems = ['mx1 is unreachable since 10:00 UTC.']
    const response = await get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('mx1 is unreachable')
    expect((await get('/healthz')).status).toBe(200)
  })

  it('names the port and the remedy when the port is taken', async () => {
    const { metrics } = await start()
    const again = serveMetrics(
      { host: '127.0.0.1', port: server?.port ?? 0 },
      metrics,
      async () => [],
      async () => {},
    )
    await expect(again).rejects.toMatchObject({
      code: 'http-port',
      hint: expect.stringContaining('HTTP_PORT'),
    })
  })
})
