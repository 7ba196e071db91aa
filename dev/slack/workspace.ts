import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { type Actor, createActor } from './actor.ts'
import { controlRoute } from './control-http.ts'
import type { Directory } from './directory.ts'
import { createEnvelopes, type Envelopes } from './envelopes.ts'
import { createFaults, type Faults } from './faults.ts'
import type { Feed } from './feed.ts'
import { createHttpServer, type Route } from './http-server.ts'
import { createModals, type Modals } from './modals.ts'
import { pageRoute } from './page-files.ts'
import { approverGroupId, opsChannelId, people } from './people.ts'
import { createRateLimits, type RateLimits } from './rate-limits.ts'
import { createSocketServer, type Sockets } from './socket-mode.ts'
import { appToken, botToken, type Tokens } from './tokens.ts'
import { createSight, type Sight } from './sight.ts'
import { type ApiCall, createCallApi } from './web-api/call.ts'
import { methods } from './web-api/methods.ts'
import { createWorld, type World } from './world.ts'

export type WorkspaceSettings = {
  /** 0 or undefined: any free port. */
  readonly port?: number
  readonly clock?: Clock
  /** How long the app has to acknowledge; Slack gives 3 s. */
  readonly ackWithinMs?: number
  readonly triggerTtlMs?: number
  /** Waits before an event is sent again; Slack's are about 0, one minute, five minutes. */
  readonly eventRetriesMs?: readonly number[]
  readonly pingEveryMs?: number | 'never'
  readonly lingerMs?: number
  /** The bot's scopes; all that the manifest asks for unless said otherwise. */
  readonly scopes?: readonly string[]
  readonly commands?: readonly string[]
  readonly emailsAs?: 'text' | 'mailto'
  /** Extra buttons on the page. */
  readonly panel?: readonly PanelButton[]
}

/** A button beside the channel, for a demonstration. `run` resolves with what to tell the person. */
export type PanelButton = {
  readonly id: string
  readonly label: string
  readonly description: string
  run(): Promise<string>
}

/** A local Slack workspace with one app installed in it. */
export type Workspace = Sight &
  Actor &
  Modals & {
    /** `http://127.0.0.1:PORT`: the page, for people. */
    readonly url: string
    /** `http://127.0.0.1:PORT/api/`: for slackApiUrl. */
    readonly apiUrl: string
    readonly botToken: string
    readonly appToken: string
    readonly channelId: string
    readonly people: typeof people
    /** The settings with which maillimit uses this workspace. */
    readonly environment: Readonly<Record<string, string>>
    readonly directory: Directory
    readonly faults: Faults
    readonly rateLimits: RateLimits
    readonly sockets: Sockets
    readonly envelopes: Envelopes
    readonly tokens: Tokens
    readonly feed: Feed
    readonly calls: readonly ApiCall[]
    close(): Promise<void>
    [Symbol.asyncDispose](): Promise<void>
  }

export async function startWorkspace(settings: WorkspaceSettings = {}): Promise<Workspace> {
  const { clock = systemClock, ackWithinMs = 3000, triggerTtlMs = 3000, lingerMs = 10_000 } = settings
  const { pingEveryMs = 10_000, eventRetriesMs = [0, 60_000, 300_000] } = settings
  const ended = new AbortController()
  const world = createWorld(clock, triggerTtlMs, settings.scopes)
  const faults = createFaults()
  const rateLimits = createRateLimits(clock)
  const sockets = createSocketServer(world, { pingEveryMs, lingerMs })
  const envelopes = createEnvelopes(world, sockets, { ackWithinMs, eventRetriesMs }, ended.signal)
  const calls: ApiCall[] = []
  const all = { ...methods, 'apps.connections.open': sockets.openMethod }
  const { commands = ['/maillimit'], emailsAs = 'text' } = settings
  const actor = createActor(world, envelopes, { commands, emailsAs })
  const modals = createModals(world, envelopes)
  const sight = createSight(world, calls, sockets)
  const routes: Route[] = []
  const server = createHttpServer(
    world,
    createCallApi(world, all, faults, rateLimits, calls),
    routes,
    ended.signal,
  )
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head))
  server.listen(settings.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  world.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const close = async () => {
    if (ended.signal.aborted) return
    ended.abort(new Error('the workspace was closed'))
    await sockets.close()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  const workspace: Workspace = {
    ...sight,
    ...actor,
    ...modals,
    url: world.origin,
    apiUrl: `${world.origin}/api/`,
    botToken,
    appToken,
    channelId: opsChannelId,
    people,
    environment: environmentOf(world),
    directory: world.directory,
    faults,
    rateLimits,
    sockets,
    envelopes,
    tokens: world.tokens,
    feed: world.feed,
    calls,
    close,
    [Symbol.asyncDispose]: close,
  }
  routes.push(controlRoute(workspace, world, settings.panel ?? []), pageRoute)
  return workspace
}

function environmentOf(world: World): Readonly<Record<string, string>> {
  return {
    SLACK_BOT_TOKEN: botToken,
    SLACK_APP_TOKEN: appToken,
    SLACK_CHANNEL: opsChannelId,
    SLACK_APPROVERS: approverGroupId,
    SLACK_API_URL: `${world.origin}/api/`,
  }
}
