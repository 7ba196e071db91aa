import type { WebClient } from '@slack/web-api'
import { OpsError } from '../lib/errors.ts'
import type { Workspace } from './approvers.ts'
import { type SlackFault, slackFault, slackHint, tokenFaults } from './slack-fault.ts'

export type Identity = Workspace & {
  /** For people: the names of the workspace and of the bot. */
  readonly teamName: string | undefined
  readonly botName: string | undefined
  /** The granted scopes; undefined when the answer did not name them. */
  readonly scopes: readonly string[] | undefined
}

export const neededScopes: readonly string[] = [
  'chat:write',
  'commands',
  'usergroups:read',
  'users:read',
  'channels:read',
  'groups:read',
]

/** Asks Slack whom the bot token belongs to. Throws OpsError `slack-token-invalid` or, retryable, `slack-unreachable`. */
export async function whoAmI(client: WebClient): Promise<Identity> {
  try {
    const {
      team_id: teamId,
      team: teamName,
      user: botName,
      enterprise_id: enterpriseId,
      user_id: botUserId,
      bot_id: botId,
      response_metadata: meta,
    } = await client.auth.test()
    if (teamId === undefined || botUserId === undefined) throw new Error('auth.test named no team or user')
    return {
      teamId,
      teamName,
      botName,
      enterpriseId: enterpriseId ?? undefined,
      botUserId,
      botId,
      scopes: meta?.scopes,
    }
  } catch (error) {
    throw toOpsError(slackFault(error), error)
  }
}

export function missingScopes(scopes: readonly string[] | undefined): readonly string[] {
  return scopes === undefined ? [] : neededScopes.filter((scope) => !scopes.includes(scope))
}

function toOpsError(fault: SlackFault, cause: unknown): OpsError {
  if (fault.kind === 'refused' && tokenFaults.has(fault.code)) {
    return new OpsError('slack-token-invalid', `Slack refuses SLACK_BOT_TOKEN: ${fault.code}.`, {
      hint: slackHint(fault.code),
      context: { token: 'SLACK_BOT_TOKEN', code: fault.code },
    })
  }
  const why = fault.kind === 'refused' ? fault.code : fault.why
  return new OpsError('slack-unreachable', `Slack's Web API did not answer as it should: ${why}.`, {
    retryable: true,
    hint: 'Check the network, HTTPS_PROXY and SLACK_API_URL; maillimit tries again.',
    context: { why },
    cause,
  })
}
