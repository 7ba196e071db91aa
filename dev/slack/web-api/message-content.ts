import { type Block, withIds } from '../block.ts'
import type { Content, Message, Parse } from '../messages.ts'
import type { Problem } from '../validate/schema.ts'
import { charsIn, maxMessageChars, validateBlocks } from '../validate/validate.ts'
import { app, type World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, flagArg, jsonArg, textArg } from './args.ts'

/** Slack's advice, taken as a rule: `chat.update` refuses more, `chat.postMessage` would take up to 40,000. */
const maxTextChars = 4000

/** What the arguments of a chat method say, validated; a field that was not sent is undefined. */
export type SentContent = { readonly [K in keyof Content]: Content[K] | undefined }

export function sentContent(world: World, args: Args): SentContent {
  const text = textArg(args, 'text')
  if (text !== undefined && text.length > maxTextChars) throw new ApiRefusal('msg_too_long')
  return {
    text,
    blocks: sentBlocks(world, args),
    attachments: jsonArg(args, 'attachments', 'invalid_attachments') as readonly unknown[] | undefined,
    metadata: sentMetadata(args),
    parse: sentParse(args),
    linkNames: flagArg(args, 'link_names'),
    mrkdwn: flagArg(args, 'mrkdwn'),
    files: undefined,
  }
}

/** A new message must say something. */
export function newContent(sent: SentContent): Content {
  const blocks = sent.blocks ?? []
  if ((sent.text ?? '') === '' && blocks.length === 0 && (sent.attachments ?? []).length === 0) {
    throw new ApiRefusal('no_text')
  }
  return {
    text: sent.text ?? '',
    blocks,
    attachments: sent.attachments ?? [],
    metadata: sent.metadata,
    parse: sent.parse,
    linkNames: sent.linkNames ?? false,
    mrkdwn: sent.mrkdwn ?? true,
    files: [],
  }
}

/** `chat.update`: text alone takes the blocks away, metadata stays unless replaced, `parse` falls back to `client`. */
export function editedContent(old: Message, sent: SentContent): Content {
  if (sent.text === undefined && sent.blocks === undefined && sent.attachments === undefined) {
    throw new ApiRefusal('no_text')
  }
  return {
    text: sent.text ?? old.text,
    blocks: sent.blocks ?? (sent.text === undefined ? old.blocks : []),
    attachments: sent.attachments ?? (sent.text === undefined ? old.attachments : []),
    metadata: sent.metadata ?? old.metadata,
    parse: sent.parse ?? 'client',
    linkNames: sent.linkNames ?? false,
    mrkdwn: sent.mrkdwn ?? old.mrkdwn,
    files: old.files,
  }
}

/** A message as the API gives it out. */
export function wireMessage(
  message: Message,
  replies: readonly Message[],
  withMetadata = false,
): Record<string, unknown> {
  const { ts, author, text, blocks, attachments, metadata, editedTs, files } = message
  if (message.state === 'tombstone') {
    return {
      type: 'message',
      subtype: 'tombstone',
      text: 'This message was deleted.',
      user: 'USLACKBOT',
      hidden: true,
      ts,
      thread_ts: ts,
    }
  }
  const thread = message.threadTs ?? (replies.length > 0 ? ts : undefined)
  return {
    type: 'message',
    user: author,
    ts,
    text,
    team: app.teamId,
    ...(message.byApp ? { bot_id: app.botId, app_id: app.id } : {}),
    ...(blocks.length > 0 ? { blocks } : {}),
    ...(attachments.length > 0 ? { attachments } : {}),
    ...(files.length > 0 ? { files: files.map(({ id, name, title }) => ({ id, name, title })) } : {}),
    ...(editedTs === undefined ? {} : { edited: { user: author, ts: editedTs } }),
    ...(thread === undefined ? {} : { thread_ts: thread }),
    ...(replies.length > 0
      ? {
          reply_count: replies.length,
          latest_reply: replies.at(-1)?.ts,
          reply_users: [...new Set(replies.map((reply) => reply.author))],
        }
      : {}),
    ...(withMetadata && metadata !== undefined ? { metadata } : {}),
  }
}

/** The Slack-shaped refusal of bad blocks. */
export function refuseProblems(error: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return
  throw new ApiRefusal(error, {
    errors: problems,
    response_metadata: {
      messages: problems.map(({ message, pointer }) => `[ERROR] ${message} [json-pointer:${pointer}]`),
    },
  })
}

function sentBlocks(world: World, args: Args): readonly Block[] | undefined {
  const blocks = jsonArg(args, 'blocks', 'invalid_blocks_format')
  if (blocks === undefined || blocks === null) return undefined
  if (!Array.isArray(blocks)) throw new ApiRefusal('invalid_blocks_format')
  refuseProblems('invalid_blocks', validateBlocks(blocks, 'message'))
  if (charsIn(blocks) > maxMessageChars) throw new ApiRefusal('msg_blocks_too_long')
  return withIds(blocks as readonly Block[], () => world.ids.next('b'))
}

function sentMetadata(args: Args): Content['metadata'] {
  const metadata = jsonArg(args, 'metadata', 'invalid_metadata_format')
  if (metadata === undefined || metadata === null) return undefined
  const { event_type: type, event_payload: payload } = metadata as Record<string, unknown>
  if (typeof type !== 'string' || typeof payload !== 'object' || payload === null) {
    throw new ApiRefusal('invalid_metadata_schema')
  }
  return { event_type: type, event_payload: payload }
}

function sentParse(args: Args): Parse | undefined {
  const parse = textArg(args, 'parse')
  if (parse === undefined || parse === 'none' || parse === 'full' || parse === 'client') return parse
  throw new ApiRefusal('invalid_arguments', {
    response_metadata: {
      messages: ['[ERROR] value must be one of none, full, client [json-pointer:/parse]'],
    },
  })
}
