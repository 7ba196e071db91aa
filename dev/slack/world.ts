import type { Clock } from '../../src/lib/clock.ts'
import { createDirectory, type Directory } from './directory.ts'
import { createFeed, type Feed } from './feed.ts'
import { createIds, type Ids } from './ids.ts'
import { createMessages, type Messages } from './messages.ts'
import { otherTeamId, people, teamId } from './people.ts'
import { createResponseUrls, type ResponseUrls } from './response-urls.ts'
import { createTokens, type Tokens } from './tokens.ts'
import { createTriggers, type Triggers } from './triggers.ts'
import { createViews, type Views } from './views.ts'

/** The app that is installed in the workspace: the bot under test. */
export const app = {
  id: 'A0MAILLIMIT',
  name: 'maillimit',
  botId: 'B0MAILLIMIT',
  botUserId: people.bot,
  teamId,
  teamDomain: 'local',
  teamName: 'Local workspace',
  otherTeamId,
  verificationToken: 'local-verification-token',
} as const

/** What Slack tells a person about an action that came to nothing. */
export type Notice = {
  readonly userId: string
  readonly about: string
  readonly text: string
  readonly atMs: number
}

/** Everything that the workspace remembers. */
export type World = {
  readonly clock: Clock
  readonly ids: Ids
  readonly feed: Feed
  readonly directory: Directory
  readonly messages: Messages
  readonly views: Views
  readonly tokens: Tokens
  readonly triggers: Triggers
  readonly responseUrls: ResponseUrls
  readonly notices: Notice[]
  /** Uploads that were begun and perhaps finished. */
  readonly uploads: Map<string, Upload>
  /** What people chose in inputs that stand in messages, views and Home: `user place block action` → value. */
  readonly selections: Map<string, unknown>
  /** `http://127.0.0.1:PORT`, known once the server listens. */
  origin: string
}

type Upload = {
  readonly id: string
  readonly name: string
  readonly length: number
  readonly secret: string
  content: Buffer | undefined
  shared: boolean
}

export function createWorld(
  clock: Clock,
  triggerTtlMs: number,
  scopes: readonly string[] | undefined,
): World {
  const feed = createFeed()
  const ids = createIds(clock)
  return {
    clock,
    ids,
    feed,
    directory: createDirectory(feed),
    messages: createMessages(ids, feed),
    views: createViews(ids, feed),
    tokens: createTokens(scopes),
    triggers: createTriggers(clock, ids, triggerTtlMs),
    responseUrls: createResponseUrls(clock, ids),
    notices: [],
    uploads: new Map(),
    selections: new Map(),
    origin: '',
  }
}

/** Shows a person, and only them, that something came to nothing. */
export function notify(world: World, userId: string, about: string, text: string): void {
  const notice = { userId, about, text, atMs: world.clock.now() }
  world.notices.push(notice)
  world.feed.emit('notice', notice)
}
