import type { WebClient } from '@slack/web-api'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Person, Standing } from '../remediation/person.ts'
import { brieflyCached } from './briefly-cached.ts'
import { slackFault } from './slack-fault.ts'

/** Where the bot is at home, as auth.test says. */
export type Workspace = {
  readonly teamId: string
  readonly enterpriseId: string | undefined
  readonly botUserId: string
  readonly botId: string | undefined
}

export type Approvers = {
  /** Who this is at this moment; never throws, and any doubt is `unknown`. `clickTeamId` is the team that the click claims. */
  who(userId: string, clickTeamId: string | undefined): Promise<Person>
  /** Whether anybody can approve at all. */
  approval(): Promise<Approval>
}

export type Approval =
  | { readonly kind: 'possible' }
  | { readonly kind: 'nobody'; readonly why: 'no-approvers' | 'shared-channel' | 'channel-unknown' }

export type ApproverSettings = {
  readonly channel: string
  /** User ids (U…, W…) and user-group ids (S…). */
  readonly approvers: readonly string[]
}

/** What Slack says is believed for this long: at most a minute, so that whoever is removed is out at once. */
const believeMs = 60_000

export function createApprovers(
  settings: ApproverSettings,
  workspace: Workspace,
  parts: { readonly client: WebClient; readonly clock: Clock; readonly log: Log },
): Approvers {
  const { client, clock, log } = parts
  const standings = brieflyCached(clock, believeMs, async (id: string) =>
    standingOf((await client.users.info({ user: id })).user, id, workspace),
  )
  const groups = brieflyCached(clock, believeMs, (id: string) => groupMembers(client, id, log))
  const members = brieflyCached(clock, believeMs, (channel: string) => channelMembers(client, channel))
  const shared = brieflyCached(clock, believeMs, async (channel: string) => {
    const info = (await client.conversations.info({ channel })).channel
    if (info === undefined) throw new Error('conversations.info named no channel')
    return info.is_ext_shared === true
  })

  async function isListed(userId: string): Promise<boolean> {
    if (settings.approvers.includes(userId)) return true
    const groupIds = settings.approvers.filter((id) => id.startsWith('S'))
    const found = await Promise.all(groupIds.map((id) => groups(id)))
    return found.some((users) => users.has(userId))
  }

  return {
    async who(userId, clickTeamId) {
      const nobody = { id: userId, teamId: clickTeamId ?? '', isApprover: false, isReader: false }
      try {
        const [standing, readers, isShared, listed] = await Promise.all([
          standings(userId),
          members(settings.channel),
          shared(settings.channel),
          isListed(userId),
        ])
        const seen = claimsAnotherTeam(clickTeamId, workspace) ? 'stranger' : standing
        const isReader = seen === 'member' && readers.has(userId)
        return { ...nobody, standing: seen, isReader, isApprover: isReader && listed && !isShared }
      } catch (error) {
        const fault = slackFault(error)
        // An account that Slack does not show us belongs to somebody else.
        if (
          fault.kind === 'refused' &&
          (fault.code === 'user_not_found' || fault.code === 'user_not_visible')
        ) {
          return { ...nobody, standing: 'stranger' }
        }
        log.warn({ fault, userId }, 'slack did not say who somebody is, so the answer is no')
        return { ...nobody, standing: 'unknown' }
      }
    },
    async approval() {
      if (settings.approvers.length === 0) return { kind: 'nobody', why: 'no-approvers' }
      try {
        return (await shared(settings.channel))
          ? { kind: 'nobody', why: 'shared-channel' }
          : { kind: 'possible' }
      } catch (error) {
        log.warn(
          { fault: slackFault(error) },
          'slack did not say whether the channel is shared, so nobody can approve',
        )
        return { kind: 'nobody', why: 'channel-unknown' }
      }
    },
  }
}

type SlackUser = {
  readonly id?: string
  readonly team_id?: string
  readonly deleted?: boolean
  readonly is_bot?: boolean
  readonly is_stranger?: boolean
  readonly is_restricted?: boolean
  readonly is_ultra_restricted?: boolean
  readonly enterprise_user?: { readonly enterprise_id?: string; readonly teams?: readonly string[] }
}

/** From the worst to the best; whatever Slack left out does not count as good. */
function standingOf(user: SlackUser | undefined, id: string, workspace: Workspace): Standing {
  if (user?.id !== id || user.team_id === undefined) return 'unknown'
  if (user.deleted === true) return 'deactivated'
  if (user.is_bot === true || id === 'USLACKBOT' || id === workspace.botUserId) return 'bot'
  if (user.is_stranger === true || !isHere(user, workspace)) return 'stranger'
  if (user.is_restricted !== false || user.is_ultra_restricted !== false) return 'guest'
  return 'member'
}

/** On Enterprise Grid an account may be at home in a sister workspace and still belong to this one. */
function isHere(user: SlackUser, { teamId, enterpriseId }: Workspace): boolean {
  if (user.team_id === teamId) return true
  const grid = user.enterprise_user
  return (
    enterpriseId !== undefined &&
    grid?.enterprise_id === enterpriseId &&
    grid.teams?.includes(teamId) === true
  )
}

function claimsAnotherTeam(clickTeamId: string | undefined, { teamId, enterpriseId }: Workspace): boolean {
  if (clickTeamId === undefined || clickTeamId === teamId) return false
  // On Grid the click may name the organisation or a sister workspace; there users.info decides.
  return enterpriseId === undefined
}

/** A group that Slack does not know (any more) has nobody in it; it must not keep everybody else from being known. */
async function groupMembers(client: WebClient, group: string, log: Log): Promise<ReadonlySet<string>> {
  try {
    const answer = await client.usergroups.users.list({ usergroup: group })
    return new Set(answer.users ?? [])
  } catch (error) {
    const fault = slackFault(error)
    if (fault.kind !== 'refused') throw error
    log.warn({ group, code: fault.code }, 'slack does not say who is in a user group of SLACK_APPROVERS')
    return new Set()
  }
}

const maxPages = 100

async function channelMembers(client: WebClient, channel: string): Promise<ReadonlySet<string>> {
  const members = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    const answer = await client.conversations.members({
      channel,
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const member of answer.members ?? []) members.add(member)
    cursor = answer.response_metadata?.next_cursor || undefined
    if (cursor === undefined) return members
  }
  throw new Error(`the channel has more than ${maxPages * 1000} members`)
}
