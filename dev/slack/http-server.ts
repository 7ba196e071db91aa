import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { sleep } from '../../src/lib/clock.ts'
import { readArgs, readBody } from './http-body.ts'
import { takeReply } from './replies.ts'
import { ApiRefusal } from './web-api/api-refusal.ts'
import type { CallApi, Outcome } from './web-api/call.ts'
import type { World } from './world.ts'

/** Answers a request whose path it knows; false when it does not know it. */
export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>

const maxCallBytes = 2 ** 20
const maxUploadBytes = 50 * 2 ** 20

/** Slack's HTTP side: the Web API, response_url and uploads, then the other routes, which may be added later. */
export function createHttpServer(
  world: World,
  call: CallApi,
  routes: readonly Route[],
  ended: AbortSignal,
): Server {
  const own: readonly Route[] = [webApi(world, call, ended), responseUrl(world), upload(world)]
  const server = createServer((request, response) => {
    answerBy([...own, ...routes], request, response, new URL(request.url ?? '/', world.origin)).catch(
      (error: unknown) => {
        process.stderr.write(
          `dev/slack: ${request.method} ${request.url}: ${String((error as Error).stack ?? error)}\n`,
        )
        if (!response.headersSent) sendJson(response, 500, { ok: false, error: 'internal_error' })
        else response.destroy()
      },
    )
  })
  // Clients that keep an idle connection must not find it closed under their next call.
  server.keepAliveTimeout = 65_000
  return server
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(JSON.stringify(body))
}

async function answerBy(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  for (const route of routes) if (await route(request, response, url)) return
  sendJson(response, 404, { ok: false, error: 'not_found' })
}

function webApi(world: World, call: CallApi, ended: AbortSignal): Route {
  return async (request, response, url) => {
    const [, method] = /^\/api\/([A-Za-z.]+)$/.exec(url.pathname) ?? []
    if (method === undefined) return false
    const body = await readBody(request, maxCallBytes)
    const args = typeof body === 'string' ? body : await readArgs(request, url, body)
    if (typeof args === 'string') {
      sendJson(response, args === 'request_too_large' ? 413 : 200, { ok: false, error: args })
      return true
    }
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const inBody = typeof args['token'] === 'string' ? args['token'] : undefined
    await give(world, response, call(method, args, bearer ?? inBody), ended)
    return true
  }
}

async function give(
  world: World,
  response: ServerResponse,
  outcome: Outcome,
  ended: AbortSignal,
): Promise<void> {
  switch (outcome.kind) {
    case 'answer':
      sendJson(response, outcome.status, outcome.body, outcome.headers)
      break
    case 'break':
      response.destroy()
      break
    case 'hang':
      break
    case 'later':
      await sleep(world.clock, outcome.delayMs, ended).catch(() => {})
      if (!ended.aborted) await give(world, response, outcome.next(), ended)
      break
  }
}

function responseUrl(world: World): Route {
  return async (request, response, url) => {
    const [, secret] = /^\/actions\/[A-Z0-9]+\/([0-9a-f]+)$/.exec(url.pathname) ?? []
    if (secret === undefined) return false
    const body = await readBody(request, maxCallBytes)
    const reply = typeof body === 'string' ? body : await readArgs(request, url, body)
    if (typeof reply === 'string') {
      sendJson(response, 400, { ok: false, error: reply })
      return true
    }
    const target = world.responseUrls.use(secret)
    if (typeof target === 'string') {
      sendJson(response, 404, { ok: false, error: target })
      return true
    }
    try {
      takeReply(world, target, reply)
      sendJson(response, 200, { ok: true })
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error
      sendJson(response, 400, { ok: false, error: error.error, ...error.extra })
    }
    return true
  }
}

function upload(world: World): Route {
  return async (request, response, url) => {
    const [, id, secret] = /^\/upload\/v1\/(F[A-Z0-9]+)\/([0-9a-f]+)$/.exec(url.pathname) ?? []
    const found = world.uploads.get(id ?? '')
    if (found === undefined || found.secret !== secret) return false
    const body = await readBody(request, maxUploadBytes)
    const isForm = (request.headers['content-type'] ?? '').startsWith('multipart/form-data')
    const content =
      typeof body === 'string' ? undefined : isForm ? await fileInForm(request, url, body) : body
    if (content === undefined || content.length !== found.length) {
      response.writeHead(400).end(`the file has not the ${found.length} bytes that were announced`)
      return true
    }
    found.content = content
    response.writeHead(200).end(`OK - ${content.length}`)
    return true
  }
}

async function fileInForm(request: IncomingMessage, url: URL, body: Buffer): Promise<Buffer | undefined> {
  const form = await readArgs(request, url, body)
  const file =
    typeof form === 'string' ? undefined : Object.values(form).find((value) => value instanceof Blob)
  return file === undefined ? undefined : Buffer.from(await file.arrayBuffer())
}
