import { startWorkspace, type Workspace, type WorkspaceSettings } from '../../dev/slack/workspace.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Intent, MessageKind } from '../../src/outbox/intent.ts'
import { createSlackApp, type SlackApp, type SlackSettings, type SlackTools } from '../../src/slack/app.ts'
import { type DeskInMemory, deskInMemory } from './desk-in-memory.ts'
import { PATIENT_SLACK } from '../lib/patient-slack.ts'

type LogLine = {
  readonly level: string
  readonly message: string
  readonly fields: Record<string, unknown>
}

/** The real app and a local workspace, and whatever the app logged. */
export type RunningApp = AsyncDisposable & {
  readonly workspace: Workspace
  readonly app: SlackApp
  readonly desk: DeskInMemory
  readonly lines: readonly LogLine[]
  intent(kind: MessageKind, subjectId: string, threadOf?: string): Intent
  /** Posts an alert and gives its ts. */
  post(intent: Intent, thread?: string): Promise<string>
}

export type Overrides = {
  readonly workspace?: WorkspaceSettings
  readonly settings?: Partial<SlackSettings>
  readonly tools?: Partial<SlackTools>
  readonly desk?: DeskInMemory
  readonly start?: boolean
  readonly clock?: Clock
}

export async function runningApp(overrides: Overrides = {}): Promise<RunningApp> {
  const workspace = await startWorkspace({ ...PATIENT_SLACK, lingerMs: 300, ...overrides.workspace })
  const desk = overrides.desk ?? deskInMemory()
  const lines: LogLine[] = []
  const app = createSlackApp({ ...settingsOf(workspace), ...overrides.settings }, desk, {
    clock: overrides.clock ?? systemClock,
    log: logInto(lines),
    ...overrides.tools,
  })
  if (overrides.start !== false) await app.start()
  return {
    workspace,
    app,
    desk,
    lines,
    intent: (kind, subjectId, threadOf) => ({
      lane: workspace.channelId,
      messageKey: `${kind}:${subjectId}`,
      kind,
      subjectId,
      revision: 1,
      threadOf,
    }),
    async post(intent, thread) {
      const result = await app.messenger.post(intent, `d-${intent.messageKey}`, thread)
      if (result.kind !== 'sent') throw new Error(`not sent: ${JSON.stringify(result)}`)
      return result.messageId
    },
    async [Symbol.asyncDispose]() {
      await app.stop()
      await app.close()
      await workspace.close()
    },
  }
}

export function settingsOf(workspace: Workspace): SlackSettings {
  return {
    botToken: workspace.botToken,
    appToken: workspace.appToken,
    channel: workspace.channelId,
    approvers: ['S0APPROVERS'],
    apiUrl: workspace.apiUrl,
    proxyUrl: undefined,
  }
}

function logInto(lines: LogLine[]): Log {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
