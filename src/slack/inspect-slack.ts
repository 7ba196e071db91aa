import { WebClient } from '@slack/web-api'
import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Person } from '../remediation/person.ts'
import { type Approvers, createApprovers } from './approvers.ts'
import { openNetwork } from './network.ts'
import { type SlackFault, slackFault, slackHint } from './slack-fault.ts'
import { clientOptions } from './web-clients.ts'
import { type Identity, missingScopes, whoAmI } from './who-am-i.ts'

export type SlackInspection = {
  /** Whom the bot token belongs to, and what it lacks. */
  identity(): Promise<Identity & { readonly missingScopes: readonly string[] }>
  /** Whether Slack would open a socket for the app token. */
  appToken(): Promise<void>
  channel(): Promise<ChannelFacts>
  /** As a click of this user would be judged, with a name for people. `why`: what Slack answered when it is not known who this is. */
  person(userId: string, identity: Identity): Promise<PersonFacts>
  group(groupId: string): Promise<GroupFacts>
  close(): Promise<void>
}

export type ChannelFacts = {
  readonly name: string
  readonly isMember: boolean
  readonly isArchived: boolean
  readonly isShared: boolean
}

export type PersonFacts = Person & { readonly name: string | undefined; readonly why: string | undefined }

export type GroupFacts = {
  readonly handle: string | undefined
  readonly isDisabled: boolean
  readonly users: readonly string[]
}

const timeoutMs = 10_000

/**
 * Asks Slack what `doctor` wants to know. Each method throws an OpsError with a remedy. No socket is opened: Slack would hand it clicks
 * that are meant for the running bot.
 */
export function inspectSlack(
  settings: {
    readonly botToken: string
    readonly appToken: string
    readonly channel: string
    readonly approvers: readonly string[]
    readonly apiUrl: string | undefined
    readonly proxy: string | undefined
  },
  tools: { readonly clock: Clock; readonly log: Log },
): SlackInspection {
  const { apiUrl, botToken, channel } = settings
  const { clock } = tools
  const network = openNetwork({ apiUrl, proxyUrl: settings.proxy })
  const client = new WebClient(botToken, clientOptions(apiUrl, network, tools.log, timeoutMs))
  const faults = new Map<string, SlackFault>()
  let approvers: Approvers | undefined

  function approversOf(identity: Identity): Approvers {
    approvers ??= createApprovers(settings, identity, { client, clock, log: noting(faults, tools.log) })
    return approvers
  }

  return {
    async identity() {
      const identity = await whoAmI(client)
      return { ...identity, missingScopes: missingScopes(identity.scopes) }
    },
    async appToken() {
      const app = new WebClient(settings.appToken, clientOptions(apiUrl, network, tools.log, timeoutMs))
      await asked('apps.connections.open', 'SLACK_APP_TOKEN', () => app.apps.connections.open({}))
    },
    async channel() {
      const answer = await asked('conversations.info', 'SLACK_CHANNEL', () =>
        client.conversations.info({ channel }),
      )
      const { name = channel, is_member, is_archived, is_ext_shared } = answer.channel ?? {}
      return {
        name,
        isMember: is_member === true,
        isArchived: is_archived === true,
        isShared: is_ext_shared === true,
      }
    },
    async person(userId, identity) {
      const person = await approversOf(identity).who(userId, undefined)
      const fault = faults.get(userId)
      return {
        ...person,
        name: await nameOf(client, userId),
        why: fault === undefined ? undefined : fault.kind === 'refused' ? fault.code : fault.why,
      }
    },
    async group(groupId) {
      const { usergroups = [] } = await asked('usergroups.list', 'SLACK_APPROVERS', () =>
        client.usergroups.list({ include_disabled: true }),
      )
      const group = usergroups.find(({ id }) => id === groupId)
      if (group === undefined) {
        throw new OpsError('slack-group-unknown', `there is no user group ${groupId} in this workspace`, {
          hint: 'Check SLACK_APPROVERS; the id of a group (S…) stands at the end of its link in Slack’s directory of people and groups.',
        })
      }
      const isDisabled = (group.date_delete ?? 0) > 0
      const members = isDisabled
        ? undefined
        : await asked('usergroups.users.list', 'SLACK_APPROVERS', () =>
            client.usergroups.users.list({ usergroup: groupId }),
          )
      return { handle: group.handle, isDisabled, users: members?.users ?? [] }
    },
    close: () => network.close(),
  }
}

async function asked<T>(method: string, variable: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    const fault = slackFault(cause)
    if (fault.kind === 'refused') {
      const { code } = fault
      throw new OpsError('slack-refused', `Slack refuses ${variable}: ${method} answers ${code}`, {
        hint: variable === 'SLACK_APP_TOKEN' ? appTokenHint : slackHint(code),
        context: { method, code },
      })
    }
    throw new OpsError('slack-unreachable', `Slack did not answer ${method} as it should: ${fault.why}`, {
      retryable: true,
      hint: 'Check the network, HTTPS_PROXY and SLACK_API_URL, then run doctor again.',
      context: { method },
    })
  }
}

const appTokenHint =
  'Make an app-level token (xapp-…) with the scope connections:write on the page Basic Information of the Slack app, and set SLACK_APP_TOKEN.'

/** Nobody is refused for want of a name. */
async function nameOf(client: WebClient, user: string): Promise<string | undefined> {
  try {
    const answer = await client.users.info({ user })
    return answer.user?.real_name ?? answer.user?.name
  } catch {
    return undefined
  }
}

/** Keeps the fault behind an `unknown`, which the approvers report to their log alone. */
function noting(faults: Map<string, SlackFault>, log: Log): Log {
  return {
    ...log,
    warn(fields, message) {
      if ('fault' in fields && 'userId' in fields) {
        faults.set(String(fields.userId), fields.fault as SlackFault)
      }
      log.warn(fields, message)
    },
  }
}
