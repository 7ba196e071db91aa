import type { Feed } from './feed.ts'
import { approverGroupId, cast, generalChannelId, opsChannelId, people, teamId } from './people.ts'

export type Person = {
  readonly id: string
  readonly name: string
  readonly realName: string
  readonly teamId: string
  readonly isRestricted: boolean
  readonly isUltraRestricted: boolean
  readonly isStranger: boolean
  readonly isBot: boolean
  readonly deleted: boolean
}

export type Channel = {
  readonly id: string
  readonly name: string
  readonly isPrivate: boolean
  readonly isExtShared: boolean
  readonly isArchived: boolean
  /** A direct message with this user, or undefined for a channel. */
  readonly imWith: string | undefined
  readonly members: readonly string[]
}

export type UserGroup = {
  readonly id: string
  readonly handle: string
  readonly name: string
  readonly disabled: boolean
  readonly users: readonly string[]
}

/** Who and what is in the workspace. Every change is seen by the next API call. */
export type Directory = {
  people(): readonly Person[]
  person(id: string): Person | undefined
  /** Adds a person, or replaces the one with this id. */
  put(person: Person): void
  /** Changes what is known of a person: deactivates them, makes them a guest, … */
  change(id: string, patch: Partial<Omit<Person, 'id'>>): void
  channels(): readonly Channel[]
  channel(id: string): Channel | undefined
  putChannel(channel: Channel): void
  changeChannel(id: string, patch: Partial<Omit<Channel, 'id'>>): void
  join(channelId: string, userId: string): void
  /** Removes somebody from a channel; the bot too. */
  leave(channelId: string, userId: string): void
  groups(): readonly UserGroup[]
  group(id: string): UserGroup | undefined
  putGroup(group: UserGroup): void
  /** Sets the members of a user group. */
  setGroup(id: string, users: readonly string[]): void
}

export function createDirectory(feed: Feed): Directory {
  const persons = new Map(cast.map((person) => [person.id, person]))
  const groups = new Map<string, UserGroup>()
  const channels = new Map<string, Channel>()
  const changed = (what: string) => feed.emit('directory', { what })

  const directory: Directory = {
    people: () => [...persons.values()],
    person: (id) => persons.get(id),
    put(person) {
      persons.set(person.id, person)
      changed(person.id)
    },
    change(id, patch) {
      directory.put({ ...known(persons, id), ...patch })
    },
    channels: () => [...channels.values()],
    channel: (id) => channels.get(id),
    putChannel(channel) {
      channels.set(channel.id, channel)
      changed(channel.id)
    },
    changeChannel(id, patch) {
      directory.putChannel({ ...known(channels, id), ...patch })
    },
    join(channelId, userId) {
      const { members } = known(channels, channelId)
      directory.changeChannel(channelId, { members: [...new Set([...members, userId])] })
    },
    leave(channelId, userId) {
      const { members } = known(channels, channelId)
      directory.changeChannel(channelId, { members: members.filter((member) => member !== userId) })
    },
    groups: () => [...groups.values()],
    group: (id) => groups.get(id),
    putGroup(group) {
      groups.set(group.id, group)
      changed(group.id)
    },
    setGroup(id, users) {
      directory.putGroup({ ...known(groups, id), users })
    },
  }

  directory.putGroup({
    id: approverGroupId,
    handle: 'mail-approvers',
    name: 'Mail approvers',
    disabled: false,
    users: [people.approver, people.secondApprover],
  })
  const everyone = cast.filter((person) => !person.deleted && person.teamId === teamId).map(({ id }) => id)
  const inOps = [...everyone, people.stranger].filter((id) => id !== people.outsider)
  directory.putChannel(channel(opsChannelId, 'mail-ops', inOps, true))
  directory.putChannel(channel(generalChannelId, 'general', everyone, false))
  return directory
}

function channel(id: string, name: string, members: readonly string[], isPrivate: boolean): Channel {
  return { id, name, members, isPrivate, isExtShared: false, isArchived: false, imWith: undefined }
}

function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id)
  if (found === undefined)
    throw new Error(`there is no ${id} in the workspace; it has ${[...map.keys()].join(', ')}`)
  return found
}
