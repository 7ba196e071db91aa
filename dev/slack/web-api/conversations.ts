import type { Channel } from '../directory.ts'
import type { Message } from '../messages.ts'
import { app, type World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, flagArg, neededArg, numberArg, textArg } from './args.ts'
import { needChannelScope, visibleChannel } from './find-channel.ts'
import { wireMessage } from './message-content.ts'
import type { Answer, ApiMethod } from './method.ts'
import { page } from './page.ts'

export const conversationMethods: Readonly<Record<string, ApiMethod>> = {
  'conversations.info': { token: 'bot', run: info },
  'conversations.members': { token: 'bot', run: members },
  'conversations.list': { token: 'bot', run: list },
  'conversations.open': { token: 'bot', run: open },
  'conversations.history': { token: 'bot', run: history },
  'conversations.replies': { token: 'bot', run: replies },
}

function info(world: World, args: Args): Answer {
  const channel = visibleChannel(world, neededArg(args, 'channel'))
  needChannelScope(world, channel, 'read')
  const count = flagArg(args, 'include_num_members') === true ? { num_members: channel.members.length } : {}
  return { channel: { ...wireChannel(channel), ...count } }
}

function members(world: World, args: Args): Answer {
  const channel = visibleChannel(world, neededArg(args, 'channel'))
  needChannelScope(world, channel, 'read')
  const { items, metadata } = page(channel.members, args, 100)
  return { members: items, ...metadata }
}

function list(world: World, args: Args): Answer {
  const types = (textArg(args, 'types') ?? 'public_channel').split(',')
  const visible = world.directory.channels().filter((channel) => {
    if (channel.imWith !== undefined) return types.includes('im')
    const isIn = channel.members.includes(app.botUserId)
    return channel.isPrivate ? isIn && types.includes('private_channel') : types.includes('public_channel')
  })
  for (const channel of visible) needChannelScope(world, channel, 'read')
  const { items, metadata } = page(visible, args, 100)
  return { channels: items.map(wireChannel), ...metadata }
}

function open(world: World, args: Args): Answer {
  const user = neededArg(args, 'users')
  if (world.directory.person(user) === undefined) throw new ApiRefusal('user_not_found')
  return { channel: { id: visibleChannel(world, user).id } }
}

function history(world: World, args: Args): Answer {
  const channel = readable(world, args)
  const newestFirst = world.messages.inChannel(channel.id).filter(within(args)).toReversed()
  return answerMessages(world, args, newestFirst)
}

function replies(world: World, args: Args): Answer {
  const channel = readable(world, args)
  const ts = neededArg(args, 'ts')
  const message = world.messages.get(channel.id, ts)
  if (message === undefined || message.state === 'deleted') throw new ApiRefusal('thread_not_found')
  const thread = world.messages.thread(channel.id, message.threadTs ?? ts)
  const isWithin = within(args)
  return answerMessages(
    world,
    args,
    thread.filter((reply) => reply.threadTs === undefined || isWithin(reply)),
  )
}

/** A channel of which the bot may read the messages. */
function readable(world: World, args: Args): Channel {
  const channel = visibleChannel(world, neededArg(args, 'channel'))
  needChannelScope(world, channel, 'history')
  if (!channel.members.includes(app.botUserId)) throw new ApiRefusal('not_in_channel')
  return channel
}

function answerMessages(world: World, args: Args, found: readonly Message[]): Answer {
  const { items, hasMore, metadata } = page(found, args, 100)
  const withMetadata = flagArg(args, 'include_all_metadata') === true
  const messages = items.map((message) => {
    const thread =
      message.threadTs === undefined ? world.messages.thread(message.channel, message.ts).slice(1) : []
    return wireMessage(message, thread, withMetadata)
  })
  return { messages, has_more: hasMore, ...(hasMore ? metadata : {}) }
}

function within(args: Args): (message: Message) => boolean {
  const oldest = numberArg(args, 'oldest', 0)
  const latest = numberArg(args, 'latest', Number.POSITIVE_INFINITY)
  const inclusive = flagArg(args, 'inclusive') === true
  return ({ ts }) => {
    const at = Number(ts)
    return inclusive ? at >= oldest && at <= latest : at > oldest && at < latest
  }
}

function wireChannel(channel: Channel): Record<string, unknown> {
  const isIm = channel.imWith !== undefined
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !isIm && !channel.isPrivate,
    is_group: !isIm && channel.isPrivate,
    is_im: isIm,
    is_mpim: false,
    is_private: channel.isPrivate,
    is_archived: channel.isArchived,
    is_general: channel.name === 'general',
    is_member: channel.members.includes(app.botUserId),
    is_shared: channel.isExtShared,
    is_ext_shared: channel.isExtShared,
    is_org_shared: false,
    is_pending_ext_shared: false,
    context_team_id: app.teamId,
    shared_team_ids: channel.isExtShared ? [app.teamId, app.otherTeamId] : [app.teamId],
    ...(isIm ? { user: channel.imWith } : {}),
  }
}
