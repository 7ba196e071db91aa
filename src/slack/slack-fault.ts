import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from '@slack/web-api'

/** What an unsuccessful Web API call means for the caller. */
export type SlackFault =
  | { readonly kind: 'later'; readonly afterMs: number; readonly why: string }
  /** The call may have taken effect. */
  | { readonly kind: 'ambiguous'; readonly why: string }
  /** The call certainly took no effect; `code` is Slack's. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string | undefined }

/** Causes under which the request cannot have left this machine. */
const unsent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Slack's documentation says of these that part of the call may have happened. */
const maybeDone = new Set([
  'internal_error',
  'fatal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
])

const slowDown = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded'])

export function slackFault(error: unknown): SlackFault {
  if (error instanceof WebAPIRateLimitedError) {
    return { kind: 'later', afterMs: Math.max(1, error.retryAfter) * 1000, why: 'rate limited by Slack' }
  }
  if (error instanceof WebAPIPlatformError) return platformFault(error)
  if (error instanceof WebAPIHTTPError) {
    const why = `HTTP ${error.statusCode}`
    return error.statusCode >= 500
      ? { kind: 'ambiguous', why }
      : { kind: 'refused', code: `http-${error.statusCode}`, detail: undefined }
  }
  if (error instanceof WebAPIRequestError) {
    const cause = causeCode(error.original)
    if (cause !== undefined && unsent.has(cause))
      return { kind: 'later', afterMs: 5000, why: `Slack is unreachable (${cause})` }
    return { kind: 'ambiguous', why: cause ?? innermost(error.original).slice(0, 200) }
  }
  return { kind: 'ambiguous', why: error instanceof Error ? error.name : 'unknown fault' }
}

/** What an operator does about Slack's refusal; a full sentence. */
export function slackHint(code: string): string {
  return (
    hints[code] ??
    `Slack answered "${code}"; look it up at https://docs.slack.dev/reference/methods and check the app's settings.`
  )
}

export const tokenFaults: ReadonlySet<string> = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'not_allowed_token_type',
  'no_permission',
  'missing_scope',
  'org_login_required',
  'ekm_access_denied',
  'team_access_not_granted',
  'user_removed_from_team',
  'team_disabled',
])

const token = 'Install the app in the workspace again and set the new SLACK_BOT_TOKEN.'
const hints: Readonly<Record<string, string>> = {
  invalid_auth: token,
  not_authed: token,
  account_inactive: token,
  token_revoked: token,
  token_expired: token,
  user_removed_from_team: token,
  team_disabled: 'The workspace is disabled; ask its administrators.',
  not_allowed_token_type:
    'SLACK_BOT_TOKEN takes the token that begins with xoxb-, SLACK_APP_TOKEN the one that begins with xapp-.',
  missing_scope: 'Give the app the scopes of manifest.yml and install it again.',
  not_in_channel: 'Invite the bot to the channel: /invite @maillimit.',
  channel_not_found: 'Check SLACK_CHANNEL, and invite the bot to the channel: /invite @maillimit.',
  is_archived: 'The channel is archived; unarchive it or set another SLACK_CHANNEL.',
  restricted_action: 'A workspace setting keeps the bot from posting here; ask the workspace administrators.',
  restricted_action_read_only_channel:
    'Only some people may post in this channel; let the bot post or set another SLACK_CHANNEL.',
  edit_window_closed:
    'The workspace lets nobody edit old messages; ask its administrators to lift this for apps.',
  cant_update_message:
    'The message was posted by another app; check that SLACK_BOT_TOKEN belongs to the same app as before.',
}

function platformFault({ data }: WebAPIPlatformError): SlackFault {
  const { error } = data
  if (slowDown.has(error)) {
    return {
      kind: 'later',
      afterMs: (data.response_metadata?.retryAfter ?? 30) * 1000,
      why: 'rate limited by Slack',
    }
  }
  // An answer that is no JSON arrives as an "error" that holds the whole text: nobody knows what happened.
  if (!/^[a-z][a-z0-9_]{0,79}$/.test(error))
    return { kind: 'ambiguous', why: 'the answer was not from Slack' }
  if (maybeDone.has(error)) return { kind: 'ambiguous', why: error }
  return { kind: 'refused', code: error, detail: data.response_metadata?.messages?.[0]?.slice(0, 300) }
}

function causeCode(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'cause' in error ? causeCode(error.cause, depth + 1) : undefined
}

/** "fetch failed" alone helps nobody: what failed stands in its cause. */
function innermost(error: Error, depth = 0): string {
  return error.cause instanceof Error && depth < 4 ? innermost(error.cause, depth + 1) : error.message
}
