import type { Block } from './block.ts'
import type { Feed } from './feed.ts'
import type { Ids } from './ids.ts'

export type Parse = 'none' | 'full' | 'client'

export type Content = {
  readonly text: string
  readonly blocks: readonly Block[]
  readonly attachments: readonly unknown[]
  readonly metadata: { readonly event_type: string; readonly event_payload: unknown } | undefined
  /** As sent; undefined means that the method's own default holds. */
  readonly parse: Parse | undefined
  readonly linkNames: boolean
  readonly mrkdwn: boolean
  readonly files: readonly {
    readonly id: string
    readonly name: string
    readonly title: string
    readonly content: string
  }[]
}

export type Message = Content & {
  readonly ts: string
  readonly channel: string
  readonly author: string
  readonly byApp: boolean
  /** Only this user sees it; undefined for a message that all see. */
  readonly ephemeralFor: string | undefined
  readonly threadTs: string | undefined
  readonly editedTs: string | undefined
  /** A tombstone stands where a deleted message had replies. */
  readonly state: 'live' | 'tombstone' | 'deleted'
  /** What it said before, oldest first. */
  readonly revisions: readonly Content[]
}

type Draft = Content & Pick<Message, 'channel' | 'author' | 'byApp' | 'ephemeralFor' | 'threadTs'>

/** The messages of the workspace. Each change makes a new object, so what was read once stays as it was. */
export type Messages = {
  all(): readonly Message[]
  get(channel: string, ts: string): Message | undefined
  /** Messages that stand in the channel itself, without replies and ephemerals, oldest first. */
  inChannel(channel: string): readonly Message[]
  /** The parent and its replies, oldest first. */
  thread(channel: string, ts: string): readonly Message[]
  post(draft: Draft): Message
  edit(message: Message, content: Content): Message
  remove(message: Message): void
}

export function emptyContent(text: string): Content {
  return {
    text,
    blocks: [],
    attachments: [],
    metadata: undefined,
    parse: undefined,
    linkNames: false,
    mrkdwn: true,
    files: [],
  }
}

export function createMessages(ids: Ids, feed: Feed): Messages {
  const byTs = new Map<string, Message>()

  function put(message: Message): Message {
    byTs.set(message.ts, message)
    feed.emit(message.ephemeralFor === undefined ? 'message' : 'ephemeral', { ts: message.ts })
    return message
  }

  const messages: Messages = {
    all: () => [...byTs.values()],
    get(channel, ts) {
      const message = byTs.get(ts)
      return message?.channel === channel ? message : undefined
    },
    inChannel: (channel) =>
      messages
        .all()
        .filter((message) => message.channel === channel && message.state !== 'deleted')
        .filter((message) => message.threadTs === undefined && message.ephemeralFor === undefined),
    thread: (channel, ts) =>
      messages
        .all()
        .filter((message) => message.channel === channel && message.state !== 'deleted')
        .filter((message) => message.ephemeralFor === undefined)
        .filter((message) => message.ts === ts || message.threadTs === ts),
    post: (draft) => put({ ...draft, ts: ids.ts(), editedTs: undefined, state: 'live', revisions: [] }),
    edit(message, content) {
      const revisions = [...message.revisions, contentOf(message)]
      return put({ ...message, ...content, editedTs: ids.ts(), revisions })
    },
    remove(message) {
      const hasReplies = messages.thread(message.channel, message.ts).length > 1
      put({ ...message, ...emptyContent(''), state: hasReplies ? 'tombstone' : 'deleted' })
    },
  }
  return messages
}

function contentOf(message: Message): Content {
  const { text, blocks, attachments, metadata, parse, linkNames, mrkdwn, files } = message
  return { text, blocks, attachments, metadata, parse, linkNames, mrkdwn, files }
}
