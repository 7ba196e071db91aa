import type { Message } from '../messages.ts'
import { app, type World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, neededArg, textArg } from './args.ts'
import { ownMessage, visibleChannel, writableChannel } from './find-channel.ts'
import { editedContent, newContent, sentContent, wireMessage } from './message-content.ts'
import type { Answer, ApiMethod } from './method.ts'

const write = { token: 'bot', scopes: ['chat:write'] } as const

export const chatMethods: Readonly<Record<string, ApiMethod>> = {
  'chat.postMessage': { ...write, run: postMessage },
  'chat.update': { ...write, run: update },
  'chat.delete': { ...write, run: remove },
  'chat.postEphemeral': { ...write, run: postEphemeral },
  'chat.getPermalink': { token: 'bot', run: getPermalink },
}

function postMessage(world: World, args: Args): Answer {
  const channel = writableChannel(world, neededArg(args, 'channel'))
  const content = newContent(sentContent(world, args))
  const threadTs = knownThread(world, channel.id, args)
  const message = world.messages.post({
    ...content,
    channel: channel.id,
    threadTs,
    author: app.botUserId,
    byApp: true,
    ephemeralFor: undefined,
  })
  return { channel: channel.id, ts: message.ts, message: wireMessage(message, []) }
}

function update(world: World, args: Args): Answer {
  const channel = writableChannel(world, neededArg(args, 'channel'))
  const old = ownMessage(world, channel.id, neededArg(args, 'ts'), 'cant_update_message')
  const message = world.messages.edit(old, editedContent(old, sentContent(world, args)))
  return {
    channel: channel.id,
    ts: message.ts,
    text: message.text,
    message: wireMessage(message, repliesTo(world, message)),
  }
}

function remove(world: World, args: Args): Answer {
  const channel = visibleChannel(world, neededArg(args, 'channel'))
  const message = ownMessage(world, channel.id, neededArg(args, 'ts'), 'cant_delete_message')
  world.messages.remove(message)
  return { channel: channel.id, ts: message.ts }
}

function postEphemeral(world: World, args: Args): Answer {
  const channel = writableChannel(world, neededArg(args, 'channel'))
  const user = neededArg(args, 'user')
  if (!channel.members.includes(user)) throw new ApiRefusal('user_not_in_channel')
  const content = newContent(sentContent(world, args))
  const threadTs = knownThread(world, channel.id, args)
  const message = world.messages.post({
    ...content,
    channel: channel.id,
    threadTs,
    author: app.botUserId,
    byApp: true,
    ephemeralFor: user,
  })
  return { message_ts: message.ts }
}

function getPermalink(world: World, args: Args): Answer {
  const channel = visibleChannel(world, neededArg(args, 'channel'))
  const ts = neededArg(args, 'message_ts')
  const message = world.messages.get(channel.id, ts)
  if (message === undefined || message.state !== 'live') throw new ApiRefusal('message_not_found')
  const thread = message.threadTs === undefined ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`
  return {
    channel: channel.id,
    permalink: `${world.origin}/archives/${channel.id}/p${ts.replace('.', '')}${thread}`,
  }
}

/** The thread to answer in; a reply to a reply goes to the thread's parent. */
function knownThread(world: World, channelId: string, args: Args): string | undefined {
  const ts = textArg(args, 'thread_ts')
  if (ts === undefined || ts === '') return undefined
  const parent = world.messages.get(channelId, ts)
  if (parent === undefined || parent.state === 'deleted') throw new ApiRefusal('thread_not_found')
  if (parent.ephemeralFor !== undefined) throw new ApiRefusal('cannot_reply_to_message')
  return parent.threadTs ?? parent.ts
}

function repliesTo(world: World, message: Message): readonly Message[] {
  if (message.threadTs !== undefined) return []
  return world.messages.thread(message.channel, message.ts).filter((reply) => reply.ts !== message.ts)
}
