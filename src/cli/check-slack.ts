import type { Settings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import { isOpsError } from '../lib/errors.ts'
import { silentLog } from '../lib/log.ts'
import {
  type GroupFacts,
  inspectSlack,
  type PersonFacts,
  type SlackInspection,
} from '../slack/inspect-slack.ts'
import type { Identity } from '../slack/who-am-i.ts'
import { type Check, type Finding, doing, fail, failedBy, ok, warn } from './check.ts'

/** Of a larger group not every member is looked at. */
const MEMBERS_LOOKED_AT = 50

export async function* checkSlack(settings: Settings['slack']): AsyncGenerator<Finding, void, void> {
  const slack = inspectSlack(settings, { clock: systemClock, log: silentLog })
  try {
    yield doing('asking Slack who the bot is')
    const identity = await valueOf(slack.identity())
    if ('state' in identity) yield identity
    else yield* identityChecks(identity)
    yield doing('asking Slack about the app token')
    yield (await faultOf(slack.appToken())) ?? ok('Socket Mode: Slack accepts SLACK_APP_TOKEN')
    if ('state' in identity) return
    yield doing('asking Slack about the channel')
    const channel = await valueOf(slack.channel())
    if ('state' in channel) yield channel
    else yield* channelChecks(channel, settings.channel)
    yield doing('asking Slack about the approvers')
    yield* approverChecks(slack, identity, settings.approvers)
  } finally {
    await slack.close()
  }
}

function* identityChecks(
  identity: Identity & { readonly missingScopes: readonly string[] },
): Generator<Check, void, void> {
  yield ok(
    `the bot is @${identity.botName ?? identity.botUserId} in the workspace "${identity.teamName ?? identity.teamId}" (${identity.teamId})`,
  )
  if (identity.scopes === undefined) {
    yield warn('Slack did not say which scopes the app has', 'Compare them with manifest.yml.')
  } else if (identity.missingScopes.length > 0) {
    yield fail(
      `the app lacks ${identity.missingScopes.length === 1 ? 'the scope' : 'the scopes'} ${identity.missingScopes.join(', ')}`,
      'Give the app the scopes of manifest.yml (OAuth & Permissions) and install it in the workspace again.',
    )
  } else {
    yield ok('the app has every scope that it needs')
  }
}

function* channelChecks(
  channel: Awaited<ReturnType<SlackInspection['channel']>>,
  id: string,
): Generator<Check, void, void> {
  const name = `#${channel.name} (${id})`
  if (channel.isArchived) {
    yield fail(`${name} is archived`, 'Unarchive it, or set another SLACK_CHANNEL.')
  } else if (channel.isMember) {
    yield ok(`the bot is a member of ${name}`)
  } else {
    yield fail(`the bot is not a member of ${name}`, 'In that channel, type: /invite @maillimit')
  }
  if (channel.isShared) {
    yield warn(
      `${name} is shared with another organisation, so nobody can approve there`,
      'Use a channel of your own organisation alone.',
    )
  }
}

async function* approverChecks(
  slack: SlackInspection,
  identity: Identity,
  ids: readonly string[],
): AsyncGenerator<Check, void, void> {
  let able = 0
  for (const id of ids) {
    if (id.startsWith('S')) {
      const group = await valueOf(slack.group(id))
      if ('state' in group) {
        yield group
        continue
      }
      const { users } = group
      const looked = users.slice(0, MEMBERS_LOOKED_AT)
      const people = await Promise.all(looked.map((user) => slack.person(user, identity)))
      const count = people.filter(({ isApprover }) => isApprover).length
      able += count
      yield groupCheck(id, group, count)
      yield* people
        .filter(({ isApprover }) => !isApprover)
        .map((person) => personCheck(person, 'Take them out of the group.'))
    } else {
      const person = await slack.person(id, identity)
      if (person.isApprover) able += 1
      yield personCheck(person, 'Take this id out of SLACK_APPROVERS.')
    }
  }
  if (able === 0) {
    yield warn(
      ids.length === 0 ? 'nobody can approve: SLACK_APPROVERS is empty' : 'nobody can approve at this moment',
      'Set SLACK_APPROVERS to user ids (U…) and user-group ids (S…) of members of the channel.',
    )
  }
}

function groupCheck(id: string, group: GroupFacts, able: number): Check {
  const name = `the group ${group.handle === undefined ? id : `@${group.handle} (${id})`}`
  if (group.isDisabled) {
    return warn(
      `${name} is disabled, so it makes nobody an approver`,
      'Enable it in Slack, or take it out of SLACK_APPROVERS.',
    )
  }
  const { length } = group.users
  const of = length > MEMBERS_LOOKED_AT ? `the first ${MEMBERS_LOOKED_AT} looked at` : 'them'
  const text = `${name} has ${length} ${length === 1 ? 'member' : 'members'}`
  return able > 0 ? ok(`${text}; ${able} of ${of} can approve`) : warn(`${text}; none of ${of} can approve`)
}

function personCheck(
  { id, name, standing, isReader, isApprover, why }: PersonFacts,
  leaveOut: string,
): Check {
  const who = name === undefined ? id : `${name} (${id})`
  if (isApprover) return ok(`${who} can approve`)
  switch (standing) {
    case 'guest':
      return warn(`${who} is a guest, and guests cannot approve`, leaveOut)
    case 'deactivated':
      return warn(`${who} is deactivated and cannot approve`, leaveOut)
    case 'bot':
      return warn(`${who} is a bot, and bots cannot approve`, leaveOut)
    case 'stranger':
      return warn(`${who} does not belong to this workspace and cannot approve`, leaveOut)
    case 'unknown':
      return warn(
        `Slack did not say who ${who} is (${why ?? 'no reason given'}); until it does, the answer to their clicks is no`,
        'See what Slack lacks above: scopes, the channel, the network.',
      )
    case 'member':
      return isReader
        ? warn(`${who} cannot approve, because the channel is shared`)
        : warn(`${who} is not a member of the channel and cannot approve`, 'Invite them to the channel.')
  }
}

async function valueOf<T extends object>(asked: Promise<T>): Promise<T | Check> {
  try {
    return await asked
  } catch (error) {
    return failedBy(error)
  }
}

async function faultOf(asked: Promise<void>): Promise<Check | undefined> {
  try {
    await asked
    return undefined
  } catch (error) {
    if (!isOpsError(error)) throw error
    return failedBy(error)
  }
}
