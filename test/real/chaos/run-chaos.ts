import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { MailHost } from '../../../dev/mailhost/mail-host.ts'
import type { Release } from '../../../dev/mailhost/recipe.ts'
import { leftovers } from '../log-chaos.ts'
import { seededRandom } from '../seeded-random.ts'
import { until } from '../until.ts'
import { judgeAlerts } from './alerts.ts'
import { openChaosStage } from './chaos-stage.ts'
import type { ChaosStage } from './chaos-stage.ts'
import { harmsOf, inflict } from './harms.ts'
import type { Harm } from './harms.ts'
import { writeHits } from './hit-writer.ts'
import type { HitWriter } from './hit-writer.ts'
import { destroyedHits, owedHits } from './owed-hits.ts'
import { lagMs, reckon } from './reckoning.ts'
import { destroysLines } from './rotation.ts'
import type { Rotating } from './rotation.ts'
import type { Source } from './sources.ts'

export type ChaosSettings = {
  readonly source: Source
  readonly release: Release
  readonly rotating: Rotating
  readonly seed: number
  readonly forMs: number
  /** Between two harms there is a third of a second, and at most so much more. */
  readonly mostPauseMs: number
  /** Whether the bot is killed once more in the end: a new life begins without the growing pauses that follow upon faults. */
  readonly killedInTheEnd?: boolean
  readonly progress?: (line: string) => void
}

export type ChaosResult = {
  readonly lines: number
  readonly written: number
  readonly stored: number
  readonly readBeforeDestroyed: number
  readonly caughtUpAfterMs: number
  readonly harms: ReadonlyMap<Harm, number>
  readonly follows: number
  readonly connections: number
  readonly alerts: number
  readonly edits: number
  readonly lost: number
  readonly doubled: number
  readonly gapsTold: number
  /** What must not be, in words; empty after a good run. */
  readonly faults: readonly string[]
  /** What the bot left behind, if there are faults. */
  readonly folder: string
}

const CATCHES_UP_WITHIN_MS = 180_000
const SAID_WITHIN_MS = 90_000
const GONE_WITHIN_MS = 40_000
const TELL_EVERY_MS = 30_000
/** So far behind, the bot would soon be overtaken by logrotate, on a machine that has other things to do. */
const MOST_LAG_MS = 60_000
const CAUGHT_UP_MS = 5_000

/** Numbered hits go through a real host's log while everything around it breaks at random moments; in the end each must be in the bot's store once. */
export async function runChaos(settings: ChaosSettings): Promise<ChaosResult> {
  const { source, release, rotating, seed, progress = () => undefined } = settings
  await using stage = await openChaosStage(source, release, rotating)
  await stage.startBot()
  await stage.following()
  const writer = writeHits(stage.logger, seededRandom(seed))
  const harms = await breakThings(stage, settings, writer, (count) => {
    progress(`${writer.written.length} lines, ${count} harms, ${stage.follows()} times followed`)
  })
  if (settings.killedInTheEnd === true) {
    await stage.killBot()
    await stage.startBot()
  }
  await writer.stop()
  await untilWritten(stage.host, source)
  const owed = await owedHits(stage.host, stage.hostName, source)
  progress(`${owed.size} lines are on the disk`)
  const { lost, ...reckoning } = await reckon(
    stage.storePath,
    owed,
    writer.written,
    CATCHES_UP_WITHIN_MS,
    await destroyedHits(stage.host, stage.hostName),
  )
  const alerts = await judgeAlerts(stage.storePath, stage.slack, SAID_WITHIN_MS)
  await stage.killBot()
  const left = await until(
    () => leftovers(stage.host),
    (some) => some.length === 0,
    GONE_WITHIN_MS,
  ).catch(() => leftovers(stage.host))

  const faults = [...alerts.faults]
  for (const { number, where } of lost.slice(0, 20)) faults.push(`lost: line ${number} of ${where}`)
  if (reckoning.doubled > 0) faults.push(`doubled: ${reckoning.doubled}`)
  // Without delaycompress the host destroys what rsyslog still wrote to the old file, if compressing was quicker. A gap is the truth
  // then, but only then: what was read of those lines is in the store and in no file.
  const compressedEarly = rotating === 'dates' && reckoning.readBeforeDestroyed > 0
  const gapsAllowed = destroysLines(rotating) || harms.has('journal vacuumed') || compressedEarly
  if (reckoning.gapsTold > 0 && !gapsAllowed)
    faults.push(`gaps told, and there was none: ${reckoning.gapsTold}`)
  for (const process of left) faults.push(`left on the host: ${process}`)
  if (faults.length > 0) await keepEvidence(stage)
  return {
    ...reckoning,
    lines: owed.size,
    written: writer.written.length,
    harms,
    follows: stage.follows(),
    connections: await stage.connections(),
    alerts: alerts.alerts,
    edits: alerts.edits,
    lost: lost.length,
    faults,
    folder: stage.folder,
  }
}

/**
 * Harms overlap, but not two of a kind: a rotation while the network is cut, a restart of rsyslog while the bot is dead. When the bot is a
 * minute behind, nothing more is broken and little is written until it has caught up.
 */
async function breakThings(
  stage: ChaosStage,
  { source, rotating, seed, forMs, mostPauseMs, progress }: ChaosSettings,
  writer: HitWriter,
  tell: (count: number) => void,
): Promise<ReadonlyMap<Harm, number>> {
  const random = seededRandom(seed + 1)
  const choice = harmsOf(source, rotating)
  const underWay = new Map<Harm, Promise<void>>()
  const harms = new Map<Harm, number>()
  let count = 0
  let toldAt = performance.now()
  let failed: unknown
  const endsAt = performance.now() + forMs
  while (performance.now() < endsAt) {
    await wait(300 + random() * mostPauseMs)
    const harm = choice[Math.floor(random() * choice.length)] ?? 'rotation'
    const chance = seededRandom(seed + 2 + count)
    if (progress !== undefined && performance.now() - toldAt >= TELL_EVERY_MS) {
      toldAt = performance.now()
      tell(count)
    }
    if (stage.fault() !== undefined) throw stage.fault()
    if (failed !== undefined) throw failed
    writer.calm = lagMs(stage.storePath) > (writer.calm ? CAUGHT_UP_MS : MOST_LAG_MS)
    if (writer.calm || underWay.has(harm)) continue
    count++
    harms.set(harm, (harms.get(harm) ?? 0) + 1)
    const over = inflict(harm, { ...stage, source }, chance)
      .catch((error: unknown) => (failed = error))
      .then(() => void underWay.delete(harm))
    underWay.set(harm, over)
  }
  await Promise.all(underWay.values())
  if (failed !== undefined) throw failed
  return harms
}

/** The log as it stands on the host, beside the bot's own log and state. */
async function keepEvidence(stage: ChaosStage): Promise<void> {
  stage.keep = true
  const { stdoutBytes } = await stage.host.exec(['tar', '--create', '--directory=/var/log', '.'])
  await writeFile(join(stage.folder, 'var-log.tar'), stdoutBytes)
  if (!stage.storePath.startsWith(stage.folder)) await cp(stage.storePath, join(stage.folder, 'maillimit.db'))
}

/** Until what was written has come through the host's own logging. */
async function untilWritten(host: MailHost, source: Source): Promise<void> {
  if (source === 'journal') {
    await wait(1_000)
    await host.exec(['journalctl', '--sync'])
    return
  }
  const size = async () => (await host.exec(['stat', '-c', '%s', host.logPath])).stdout
  for (let before = ''; ; ) {
    const now = await size()
    if (now === before) return
    before = now
    await wait(1_200)
  }
}
