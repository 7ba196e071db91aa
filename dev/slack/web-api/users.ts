import type { Person, UserGroup } from '../directory.ts'
import { app, type World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, flagArg, neededArg } from './args.ts'
import type { Answer, ApiMethod } from './method.ts'
import { page } from './page.ts'

export const userMethods: Readonly<Record<string, ApiMethod>> = {
  'users.info': { token: 'bot', scopes: ['users:read'], run: info },
  'users.list': { token: 'bot', scopes: ['users:read'], run: list },
  'usergroups.list': { token: 'bot', scopes: ['usergroups:read'], run: listGroups },
  'usergroups.users.list': { token: 'bot', scopes: ['usergroups:read'], run: groupUsers },
}

function info(world: World, args: Args): Answer {
  const person = world.directory.person(neededArg(args, 'user'))
  if (person === undefined) throw new ApiRefusal('user_not_found')
  return { user: wirePerson(person) }
}

function list(world: World, args: Args): Answer {
  const { items, metadata } = page(world.directory.people(), args, 100)
  return { members: items.map(wirePerson), cache_ts: Math.floor(world.clock.now() / 1000), ...metadata }
}

function listGroups(world: World, args: Args): Answer {
  const withDisabled = flagArg(args, 'include_disabled') === true
  const withUsers = flagArg(args, 'include_users') === true
  const groups = world.directory.groups().filter((group) => withDisabled || !group.disabled)
  return {
    usergroups: groups.map((group) => ({
      ...wireGroup(group),
      ...(withUsers ? { users: group.users } : {}),
    })),
  }
}

function groupUsers(world: World, args: Args): Answer {
  const group = world.directory.group(neededArg(args, 'usergroup'))
  if (group === undefined) throw new ApiRefusal('no_such_subteam')
  if (group.disabled && flagArg(args, 'include_disabled') !== true) throw new ApiRefusal('subteam_disabled')
  return { users: group.users }
}

function wirePerson(person: Person): Record<string, unknown> {
  const { id, name, realName, teamId, deleted, isBot, isRestricted, isUltraRestricted, isStranger } = person
  return {
    id,
    team_id: teamId,
    name,
    deleted,
    real_name: realName,
    tz: 'Europe/Berlin',
    tz_label: 'Central European Time',
    tz_offset: 3600,
    profile: { real_name: realName, display_name: name, real_name_normalized: realName, team: teamId },
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: isRestricted,
    is_ultra_restricted: isUltraRestricted,
    is_bot: isBot,
    is_app_user: false,
    ...(isStranger ? { is_stranger: true } : {}),
    updated: 1_700_000_000,
  }
}

function wireGroup(group: UserGroup): Record<string, unknown> {
  return {
    id: group.id,
    team_id: app.teamId,
    is_usergroup: true,
    name: group.name,
    handle: group.handle,
    date_delete: group.disabled ? 1_700_000_000 : 0,
    user_count: group.users.length,
  }
}
