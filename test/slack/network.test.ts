import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startWorkspace } from '../../dev/slack/workspace.ts'
import { openNetwork } from '../../src/slack/network.ts'

type Proxy = { readonly url: string; readonly asked: string[]; readonly server: Server }

/** Notes what it is asked to connect to, and lets nobody through. */
async function startProxy(): Promise<Proxy> {
  const asked: string[] = []
  const server = createServer()
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server }
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('the way out to slack', () => {
  it('goes through HTTPS_PROXY for the web api and for sockets', async () => {
    const proxy = await startProxy()
    const network = openNetwork({ proxyUrl: proxy.url, apiUrl: undefined })
    await expect(network.fetch('https://slack.invalid/api/auth.test', {})).rejects.toThrow('fetch failed')
    const socket = new WebSocket('wss://wss.slack.invalid/link', { dispatcher: network.dispatcher })
    await once(socket, 'error')
    expect(proxy.asked).toEqual(['slack.invalid:443', 'wss.slack.invalid:443'])
    await network.close()
    proxy.server.close()
  })

  it('leaves out what NO_PROXY names', async () => {
    vi.stubEnv('NO_PROXY', 'slack.invalid')
    const proxy = await startProxy()
    const network = openNetwork({ proxyUrl: proxy.url, apiUrl: undefined })
    await expect(network.fetch('https://slack.invalid/api/auth.test', {})).rejects.toThrow('fetch failed')
    expect(proxy.asked).toEqual([])
    await network.close()
    proxy.server.close()
  })

  it('never sends a workspace on loopback through a proxy', async () => {
    await using workspace = await startWorkspace()
    const proxy = await startProxy()
    const network = openNetwork({ proxyUrl: proxy.url, apiUrl: workspace.apiUrl })
    const answer = await network.fetch(`${workspace.apiUrl}api.test`, { method: 'POST' })
    expect(answer.status).toBe(200)
    expect(proxy.asked).toEqual([])
    await network.close()
    proxy.server.close()
  })
})
