import { setTimeout as sleep } from 'node:timers/promises'
import type { Release } from '../mailhost/recipe.ts'
import { TARO } from './panel.ts'
import { openStage, type Stage } from './stage.ts'

export type DemoSettings = {
  readonly release: Release
  /** 0: any free one. */
  readonly port: number
  readonly progress: (line: string) => void
  /** Called with the page's address, once it can be opened. */
  readonly announce: (stage: Stage) => void
  /** Ends the demo. */
  readonly stop: AbortSignal
}

/** How long the page has to hear that everything begins anew, before its server goes. */
const FAREWELL_MS = 300

/** Plays until it is told to stop, anew whenever somebody wishes so; nothing of it is left when it returns or throws. */
export async function runDemo(settings: DemoSettings): Promise<void> {
  const { progress, stop } = settings
  let { port } = settings
  while (!stop.aborted) {
    const afresh = Promise.withResolvers<void>()
    await using stage = await openStage({
      release: settings.release,
      port,
      progress,
      startAfresh: () => void sleep(FAREWELL_MS).then(afresh.resolve),
    })
    if (stop.aborted) return
    // A page that is open finds the next act at the same address.
    port = Number(new URL(stage.slack.url).port)
    settings.announce(stage)
    await Promise.race([play(stage, progress), afresh.promise, aborted(stop)])
    progress(stop.aborted ? 'ending everything that was started' : 'starting afresh')
  }
}

async function play(stage: Stage, progress: (line: string) => void): Promise<never> {
  const { held, refused } = await stage.provoke()
  progress(`${TARO} logged in with 12 devices: Dovecot let ${held} in and refused ${refused}`)
  return stage.bot.failed
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
