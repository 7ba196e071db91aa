import { durations } from './figures.ts'
import { median } from './quantile.ts'
import type { BenchSettings, Figure, Row } from './row.ts'
import { bootHosts, openBot, openWorkspace } from './stage.ts'

const TARGET_MS = 1500

export const startRow: Row = {
  name: 'start',
  about: 'the bot’s process starts → it says "ready", with the local workspace and one mail host',
  withinMs: 120_000,
  measure,
}

async function measure(settings: BenchSettings): Promise<readonly Figure[]> {
  await using parts = new AsyncDisposableStack()
  const hosts = await bootHosts(parts, settings, { count: 1 })
  const slack = await openWorkspace(parts)
  const samples: number[] = []
  // The first start fills the disk cache and compiles nothing that the others need.
  for (let index = 0; index <= (settings.quick ? 2 : 10); index++) {
    settings.signal.throwIfAborted()
    await using one = new AsyncDisposableStack()
    const startedAt = performance.now()
    const { bot } = await openBot(one, { hosts, slack, state: `start-${index}` })
    await bot.ready
    if (index > 0) samples.push(performance.now() - startedAt)
  }
  return [
    {
      ...durations(`start to ready (n = ${samples.length})`, samples),
      target: 'p50 under 1.5 s',
      met: median(samples) < TARGET_MS,
    },
  ]
}
