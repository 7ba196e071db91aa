import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BotProcess, startBot } from '../../../dev/bot-process.ts'
import { installHelper } from '../../../dev/mailhost/install-helper.ts'
import { lease } from '../../../dev/mailhost/lease.ts'
import type { MailHost } from '../../../dev/mailhost/mail-host.ts'
import type { Release } from '../../../dev/mailhost/recipe.ts'
import { startWorkspace, type Workspace } from '../../../dev/slack/workspace.ts'
import { installBot } from './bot-on-host.ts'
import { loggerInUnit, loggerOn } from './hit-writer.ts'
import type { Rotating } from './rotation.ts'
import { prepareRotation } from './rotation.ts'
import type { Source } from './sources.ts'
import { isLocal } from './sources.ts'
import { PATIENT_SLACK } from '../../lib/patient-slack.ts'

const READY_WITHIN_MS = 60_000

/** A mail host, a workspace and the whole bot, which can be killed and started again with the same state. */
export type ChaosStage = AsyncDisposable & {
  readonly host: MailHost
  readonly slack: Workspace
  readonly storePath: string
  /** As the bot calls the host. */
  readonly hostName: string
  readonly folder: string
  /** A program on the host whose input reaches the log. */
  readonly logger: ChildProcessWithoutNullStreams
  /** Resolves when it is ready. */
  readonly startBot: () => Promise<void>
  readonly killBot: () => Promise<void>
  readonly following: () => Promise<void>
  /** How often the bot began to follow the log, in all its lives. */
  readonly follows: () => number
  /** How often it came in by ssh; what a journal that is vacuumed has forgotten is not counted. */
  readonly connections: () => Promise<number>
  /** Why the bot ended, if it did so by itself. */
  readonly fault: () => Error | undefined
  keep: boolean
}

export async function openChaosStage(
  source: Source,
  release: Release,
  rotating: Rotating,
): Promise<ChaosStage> {
  await using parts = new AsyncDisposableStack()
  const host = parts.use(await lease(release))
  const helper = await installHelper(host)
  if (source === 'journal') await withoutMailLog(host)
  else await prepareRotation(host, rotating)
  const slack = parts.use(await startWorkspace(PATIENT_SLACK))
  const folder = await mkdtemp(join(tmpdir(), 'maillimit-chaos-'))
  const settings = { ...slack.environment, QUIET_AFTER: '1m' }
  const onHost = isLocal(source) ? await installBot(host, source === 'local') : undefined
  const overSsh = {
    MAIL_HOSTS: helper.alias,
    SSH_CONFIG: helper.configPath,
    STATE_DB: join(folder, 'maillimit.db'),
  }

  let bot: BotProcess | undefined
  let follows = 0
  let fault: Error | undefined
  const followsOfLife = () => bot?.log().filter((entry) => entry['msg'] === 'following the log').length ?? 0
  const killBot = async () => {
    await bot?.kill()
    follows += followsOfLife()
    bot = undefined
  }
  const stage = {
    host,
    slack,
    storePath: onHost?.storePath ?? overSsh.STATE_DB,
    hostName: onHost === undefined ? helper.alias : 'local',
    folder,
    keep: false,
    logger: source === 'journal' ? await loggerInUnit(host) : loggerOn(host),
    async startBot() {
      const started = startBot(
        { ...settings, ...(onHost?.environment ?? overSsh) },
        folder,
        onHost?.command(),
      )
      bot = started
      started.failed.catch((error: Error) => (fault = error))
      await started.untilLogged('ready', 0, READY_WITHIN_MS)
    },
    killBot,
    following: async () => bot?.untilLogged('following the log', 0, READY_WITHIN_MS),
    follows: () => follows + followsOfLife(),
    async connections() {
      const accepted = await host.exec([
        'sh',
        '-c',
        `${source === 'journal' ? 'journalctl --quiet' : 'cat /var/log/auth.log'} | grep -c "Accepted publickey for maillimit"`,
      ])
      return Number(accepted.stdout)
    },
    fault: () => fault,
  }
  parts.defer(async () => {
    if (!stage.keep) await rm(folder, { recursive: true, force: true })
  })
  parts.defer(killBot)
  const stack = parts.move()
  return Object.assign(stage, { [Symbol.asyncDispose]: () => stack.disposeAsync() })
}

async function withoutMailLog(host: MailHost): Promise<void> {
  await host.writeFile('/etc/maillimit.conf', 'log = journal\n')
  await host.run(['systemctl', 'disable', '--quiet', '--now', 'rsyslog.service', 'syslog.socket'])
}
