import { WebClient } from '@slack/web-api'
import { startWorkspace, type Workspace, type WorkspaceSettings } from '../../dev/slack/workspace.ts'
import { silentLogger } from './silent-logger.ts'

/** A workspace and Slack's own Web API client, which neither retries nor waits for a rate limit to pass. */
export async function startWithClient(
  settings: WorkspaceSettings = {},
): Promise<{ slack: Workspace; web: WebClient } & AsyncDisposable> {
  const slack = await startWorkspace(settings)
  return { slack, web: webClient(slack, slack.botToken), [Symbol.asyncDispose]: () => slack.close() }
}

export function webClient(slack: Workspace, token: string | undefined, timeoutMs = 0): WebClient {
  return new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    logger: silentLogger,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: timeoutMs,
  })
}

/** What Slack answered instead of doing it, or the client's code when there was no answer. */
export async function refusal(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as { data?: Record<string, unknown>; code?: string },
  )
  return error?.data ?? { code: error?.code }
}
