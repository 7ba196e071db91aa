import { type BotProcess, startBot } from '../bot-process.ts'
import { bootMailHost } from '../mailhost/boot.ts'
import { installHelper } from '../mailhost/install-helper.ts'
import type { MailHost } from '../mailhost/mail-host.ts'
import type { Release } from '../mailhost/recipe.ts'
import type { SessionResult } from '../mailhost/sessions.ts'
import { startWorkspace, type Workspace } from '../slack/workspace.ts'
import { createDevices, type Devices } from './devices.ts'
import { makeDemoFolder } from './demo-folder.ts'
import { panel, TARO } from './panel.ts'

export type StageSettings = {
  readonly release: Release
  /** 0: any free one. */
  readonly port: number
  readonly progress: (line: string) => void
  readonly startAfresh: () => void
}

/** A real mail host, the local workspace and the bot between them, with taro's devices at the limit. */
export type Stage = AsyncDisposable & {
  readonly slack: Workspace
  readonly bot: BotProcess
  /** The first refused logins; resolves when each device has been let in or refused. */
  readonly provoke: () => Promise<{ readonly held: number; readonly refused: number }>
}

/** Somebody who plays with the buttons is no danger to the host; at work these are 60 s and 6. */
const FOR_PLAYING = 'seconds_between_raises = 0\nchanges_an_hour = 100\n'

const FOLLOWS_WITHIN_MS = 30_000

export async function openStage({ release, port, progress, startAfresh }: StageSettings): Promise<Stage> {
  await using parts = new AsyncDisposableStack()
  progress(`booting a mail host: ${release}, with Dovecot and a systemd of its own`)
  const host = parts.use(await bootMailHost({ release, name: 'mx1', progress }))
  progress(`installing maillimit's helper on ${host.name}, as host/install does`)
  const helper = await installHelper(host)
  await host.run(['sh', '-c', 'cat >>/etc/maillimit.conf'], { input: FOR_PLAYING })
  // Now: a browser breaks off its requests when addresses come while it looks.
  const office = await host.addSourceAddress()
  const home = await host.addSourceAddress()
  const devices = parts.use(createDevices(host))

  progress('starting the local Slack workspace and the bot')
  const slack = parts.use(
    await startWorkspace({ port, panel: panel({ host, devices, office, home, startAfresh }) }),
  )
  const folder = parts.use(await makeDemoFolder())
  const environment = {
    ...slack.environment,
    MAIL_HOSTS: helper.alias,
    SSH_CONFIG: helper.configPath,
    STATE_DB: `${folder.path}/maillimit.db`,
    QUIET_AFTER: '2m',
    VERIFY_FOR: '1m',
  }
  const bot = parts.use(startBot(environment, folder.path))
  await bot.untilLogged('following the log', 0, FOLLOWS_WITHIN_MS)
  const stack = parts.move()
  return {
    slack,
    bot,
    provoke: () => provoke(host, devices),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function provoke(host: MailHost, devices: Devices): ReturnType<Stage['provoke']> {
  const results = await devices.switchOn({ user: TARO, from: host.ourAddress }, 12, 'try-again')
  const count = (state: SessionResult['state']) => results.filter((result) => result.state === state).length
  return { held: count('held'), refused: count('refused') }
}
