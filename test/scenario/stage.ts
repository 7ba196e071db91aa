import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BotProcess, startBot } from '../../dev/bot-process.ts'
import { type InstalledHelper, installHelper } from '../../dev/mailhost/install-helper.ts'
import type { BootOptions } from '../../dev/mailhost/boot.ts'
import { lease } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import type { Message } from '../../dev/slack/messages.ts'
import { startWorkspace, type Workspace, type WorkspaceSettings } from '../../dev/slack/workspace.ts'
import { PATIENT_SLACK } from '../lib/patient-slack.ts'

/** A mail host with the helper installed, a Slack workspace and the bot between them; nothing is faked but Slack's servers. */
export type Stage = AsyncDisposable & {
  readonly host: MailHost
  readonly helper: InstalledHelper
  readonly slack: Workspace
  readonly environment: Readonly<Record<string, string>>
  bot: BotProcess
  /** Starts the bot again with the same state, after it was killed or stopped. */
  readonly restartBot: (more?: Readonly<Record<string, string>>) => Promise<void>
  /** The alert that speaks of this user. */
  readonly alertOf: (user: string, timeoutMs?: number) => Promise<Message>
  readonly alerts: () => readonly Message[]
}

export type StageOptions = {
  readonly disk?: BootOptions['disk']
  readonly environment?: Readonly<Record<string, string>>
  readonly workspace?: WorkspaceSettings
  /** Called before the bot starts: the place to change the host. */
  readonly prepare?: (host: MailHost) => Promise<void>
}

export async function openStage(release: Release, options: StageOptions = {}): Promise<Stage> {
  await using parts = new AsyncDisposableStack()
  const host = parts.use(await lease(release, options.disk === undefined ? {} : { disk: options.disk }))
  const helper = await installHelper(host)
  await options.prepare?.(host)
  const slack = parts.use(await startWorkspace({ ...PATIENT_SLACK, ...options.workspace }))
  const folder = await mkdtemp(join(tmpdir(), 'maillimit-stage-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const environment = {
    ...slack.environment,
    MAIL_HOSTS: helper.alias,
    SSH_CONFIG: helper.configPath,
    STATE_DB: join(folder, 'maillimit.db'),
    LOG_LEVEL: 'debug',
    ...options.environment,
  }
  const stage = {
    host,
    helper,
    slack,
    environment,
    bot: startBot(environment, folder),
    async restartBot(more: Readonly<Record<string, string>> = {}) {
      await stage.bot.kill()
      stage.bot = startBot({ ...environment, ...more }, folder)
      await stage.bot.ready
    },
    alerts: () =>
      slack.messages().filter((message) => textOf(message).includes('Maximum number of connections')),
    alertOf: (user: string, timeoutMs?: number) =>
      slack.untilMessage(`an alert for ${user}`, (message) => isAlertOf(message, user), timeoutMs),
  }
  parts.defer(async () => {
    await stage.bot.kill()
  })
  await stage.bot.ready
  await stage.bot.untilLogged('following the log')
  const stack = parts.move()
  return Object.assign(stage, { [Symbol.asyncDispose]: () => stack.disposeAsync() })
}

function isAlertOf(message: Message, user: string): boolean {
  return message.threadTs === undefined && textOf(message).includes(user)
}

/** Every text in a message, wherever it stands in the blocks. */
export function textOf(message: Pick<Message, 'text' | 'blocks'>): string {
  const texts: string[] = [message.text]
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk)
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (
          (key === 'text' || key === 'title' || key === 'details' || key === 'url') &&
          typeof inner === 'string'
        )
          texts.push(inner)
        else walk(inner)
      }
    }
  }
  walk(message.blocks)
  return texts.join('\n')
}
