import { App, LogLevel, SocketModeReceiver } from '@slack/bolt'
import { startWorkspace, type Workspace, type WorkspaceSettings } from '../../dev/slack/workspace.ts'

export type Running = { readonly slack: Workspace; readonly app: App; [Symbol.asyncDispose](): Promise<void> }

/** A workspace with a real Bolt app connected to it; `listen` registers the listeners before it starts. */
export async function runBolt(
  listen: (app: App) => void,
  settings: WorkspaceSettings = {},
): Promise<Running> {
  const slack = await startWorkspace(settings)
  const clientOptions = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } }
  const receiver = new SocketModeReceiver({
    appToken: slack.appToken,
    logLevel: LogLevel.ERROR,
    installerOptions: { clientOptions },
  })
  const app = new App({
    token: slack.botToken,
    receiver,
    logLevel: LogLevel.ERROR,
    deferInitialization: true,
    clientOptions,
  })
  listen(app)
  await app.init()
  await app.start()
  return {
    slack,
    app,
    async [Symbol.asyncDispose]() {
      await app.stop()
      await slack.close()
    },
  }
}
