import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Fault } from './faults.ts'
import { readBody } from './http-body.ts'
import { type Route, sendJson } from './http-server.ts'
import { slackRateLimits } from './rate-limits.ts'
import { controlView } from './control-view.ts'
import type { PanelButton, Workspace } from './workspace.ts'
import type { World } from './world.ts'

type Command = (body: unknown) => unknown

const user = z.string()
const click = z.object({
  user,
  ts: z.string().optional(),
  view: z.string().optional(),
  action: z.string(),
  block: z.string().optional(),
  value: z.string().optional(),
  choose: z.unknown().optional(),
  confirm: z.boolean().optional(),
})
const slash = z.object({
  user,
  command: z.string().default('/maillimit'),
  text: z.string().default(''),
  channel: z.string().optional(),
})
const submit = z.object({ user, view: z.string(), values: z.record(z.string(), z.unknown()).default({}) })
const fault = z.looseObject({ kind: z.string(), method: z.string().optional(), times: z.number().optional() })
const sockets = z.object({
  do: z.enum(['cut', 'warning', 'refresh_requested', 'link_disabled', 'too_many_websockets']),
  failNext: z.array(z.enum(['no-hello', 'close-at-once', 'refuse'])).default([]),
})

/** `/control/…`: what tests in other processes and the page do. JSON in, JSON out; 400 with the reason when it cannot be. */
export function controlRoute(workspace: Workspace, world: World, panel: readonly PanelButton[]): Route {
  const commands = commandsOf(workspace, panel)
  const once = createOnce()
  return async (request, response, url) => {
    const [, name] = /^\/control\/([a-z-]+(?:\/[\w-]+)?)$/.exec(url.pathname) ?? []
    if (name === undefined) return false
    const stranger = strangerOf(request)
    if (stranger !== undefined) sendJson(response, 403, { error: `not for ${stranger}` })
    else if (request.method === 'GET') look(name, url, workspace, world, panel, request, response)
    else await carryOut(commands, once, name, request, response)
    return true
  }
}

/**
 * Who asks from elsewhere: a foreign page in the same browser can send forms here, and rename itself to 127.0.0.1,
 * but it can hide neither its origin nor the name.
 */
function strangerOf({ headers: { origin, host = '' } }: IncomingMessage): string | undefined {
  if (!/^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(host)) return host
  return origin === undefined || origin === `http://${host}` ? undefined : origin
}

async function carryOut(
  commands: Readonly<Record<string, Command>>,
  once: Once,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    return sendJson(response, 404, {
      error: `no such command: ${name}; there are: ${Object.keys(commands).join(', ')}`,
    })
  }
  try {
    const body = await readBody(request, 2 ** 20)
    if (typeof body === 'string') return sendJson(response, 413, { error: body })
    const result = once(request.headers['x-request-id'], () => command(JSON.parse(body.toString() || '{}')))
    sendJson(response, 200, (await result) ?? { ok: true })
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message
    sendJson(response, 400, { error: why })
  }
}

type Once = (id: unknown, run: () => unknown) => unknown

/** Runs what comes with an id once, and gives whoever asks again with that id the same result. */
function createOnce(): Once {
  const results = new Map<string, unknown>()
  return (id, run) => {
    if (typeof id !== 'string') return run()
    const known = results.get(id)
    if (known !== undefined) return known
    const result = (async () => run())()
    results.set(id, result)
    const [oldest] = results.keys()
    if (results.size > 100 && oldest !== undefined) results.delete(oldest)
    return result
  }
}

function commandsOf(workspace: Workspace, panel: readonly PanelButton[]): Readonly<Record<string, Command>> {
  const channels = z.object({ channel: z.string(), user })
  return {
    click(body) {
      const { user: who, ts, view, action, block, value, choose, confirm } = click.parse(body)
      const options = {
        ...(block === undefined ? {} : { blockId: block }),
        ...(value === undefined ? {} : { value }),
        ...(choose === undefined ? {} : { choose }),
        ...(confirm === undefined ? {} : { confirm }),
      }
      if (view !== undefined) return workspace.clickInView(who, view, action, options)
      return workspace.click(who, ts ?? '', action, options)
    },
    slash(body) {
      const { user: who, command, text, channel } = slash.parse(body)
      return workspace.slash(who, command, text, channel)
    },
    submit(body) {
      const { user: who, view, values } = submit.parse(body)
      return workspace.submit(who, view, values)
    },
    'close-view'(body) {
      const { user: who, view } = z.object({ user, view: z.string() }).parse(body)
      return workspace.closeModal(who, view)
    },
    home: (body) => workspace.openHome(z.object({ user }).parse(body).user),
    say(body) {
      const {
        user: who,
        text,
        thread,
      } = z.object({ user, text: z.string().min(1), thread: z.string().optional() }).parse(body)
      return workspace.say(who, text, thread)
    },
    delete(body) {
      const { user: who, ts } = z.object({ user, ts: z.string() }).parse(body)
      workspace.deleteMessage(who, ts)
    },
    faults(body) {
      workspace.faults.add(fault.parse(body) as Fault)
    },
    'clear-faults': () => workspace.faults.clear(),
    'rate-limits'(body) {
      const { on } = z.object({ on: z.boolean() }).parse(body)
      workspace.rateLimits.set(on ? slackRateLimits : 'off')
    },
    sockets(body) {
      const command = sockets.parse(body)
      workspace.sockets.failNext(...command.failNext)
      if (command.do === 'cut') workspace.sockets.cut()
      else workspace.sockets.disconnect(command.do)
    },
    join(body) {
      const { channel, user: who } = channels.parse(body)
      workspace.directory.join(channel, who)
    },
    leave(body) {
      const { channel, user: who } = channels.parse(body)
      workspace.directory.leave(channel, who)
    },
    person(body) {
      const { id, ...patch } = z.looseObject({ id: user }).parse(body)
      workspace.directory.change(id, patch)
    },
    channel(body) {
      const { id, ...patch } = z.looseObject({ id: z.string() }).parse(body)
      workspace.directory.changeChannel(id, patch)
    },
    group(body) {
      const { id, users } = z.object({ id: z.string(), users: z.array(user) }).parse(body)
      workspace.directory.setGroup(id, users)
    },
    ...Object.fromEntries(
      panel.map((button) => [`panel/${button.id}`, async () => ({ text: await button.run() })]),
    ),
  }
}

function look(
  name: string,
  url: URL,
  workspace: Workspace,
  world: World,
  panel: readonly PanelButton[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (name === 'events') {
    follow(workspace, request, response)
    return
  }
  const found = controlView(name, url, workspace, world, panel)
  if (found === undefined) sendJson(response, 404, { error: `nothing to see at ${name}` })
  else sendJson(response, 200, found)
}

/** Server-sent events: one for each change, so that the page looks again. */
function follow(workspace: Workspace, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write('retry: 500\n\n')
  const stop = workspace.feed.subscribe(({ kind, detail }) => {
    response.write(`event: ${kind}\ndata: ${JSON.stringify(detail)}\n\n`)
  })
  request.on('close', stop)
}
