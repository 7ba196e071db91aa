import type { Channel } from '../directory.ts'
import type { Message } from '../messages.ts'
import { app, type World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { needScope } from './method.ts'

/** A channel that the bot may know of: public, or one that it is in. A user's id means the direct message with them. */
export function visibleChannel(world: World, id: string): Channel {
  const channel = world.directory.channel(id) ?? directMessage(world, id)
  const isIn = channel?.members.includes(app.botUserId) ?? false
  if (channel === undefined || (channel.isPrivate && !isIn)) throw new ApiRefusal('channel_not_found')
  return channel
}

/** A channel in which the bot may write. */
export function writableChannel(world: World, id: string): Channel {
  const channel = visibleChannel(world, id)
  // The app's manifest switches its Messages tab off, so nobody can be written to directly.
  if (channel.imWith !== undefined) throw new ApiRefusal('messages_tab_disabled')
  if (channel.isArchived) throw new ApiRefusal('is_archived')
  if (!channel.members.includes(app.botUserId)) throw new ApiRefusal('not_in_channel')
  return channel
}

/** `channels:read` for public channels, `groups:read` for private ones, and the like for `history`. */
export function needChannelScope(world: World, channel: Channel, what: 'read' | 'history'): void {
  if (channel.imWith !== undefined) return
  needScope(world, `${channel.isPrivate ? 'groups' : 'channels'}:${what}`)
}

/** A message that the bot wrote and may change. Ephemerals cannot be found. */
export function ownMessage(world: World, channelId: string, ts: string, otherwise: string): Message {
  const message = world.messages.get(channelId, ts)
  if (message === undefined || message.state !== 'live' || message.ephemeralFor !== undefined) {
    throw new ApiRefusal('message_not_found')
  }
  if (!message.byApp) throw new ApiRefusal(otherwise)
  return message
}

function directMessage(world: World, userId: string): Channel | undefined {
  const person = world.directory.person(userId)
  if (person === undefined || person.isBot || person.deleted) return undefined
  const id = `D${userId.slice(1)}`
  const known = world.directory.channel(id)
  if (known !== undefined) return known
  const members = [userId, app.botUserId]
  world.directory.putChannel({
    id,
    name: person.name,
    isPrivate: true,
    isExtShared: false,
    isArchived: false,
    imWith: userId,
    members,
  })
  return world.directory.channel(id)
}
