import type { App } from '@slack/bolt'
import { describe, expect, it } from 'vitest'
import { startWorkspace, type Workspace } from '../../dev/slack/workspace.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openNetwork } from '../../src/slack/network.ts'
import { keepConnected } from '../../src/slack/socket-lane.ts'

/** Pauses are whole milliseconds: no pause is taken for one of these. */
const helloWithinMs = 10_000.5
const goodbyeWithinMs = 500.5

/** Real time, but no wait between two connections is longer than a moment; what it should have been is noted. */
function hastyClock(waits: number[]): Clock {
  return {
    now: () => systemClock.now(),
    after(delayMs, run) {
      if (delayMs === helloWithinMs) return () => {}
      if (delayMs !== goodbyeWithinMs) waits.push(delayMs)
      return systemClock.after(Math.min(delayMs, 20), run)
    },
  }
}

type Lane = AsyncDisposable & { readonly waits: readonly number[] }

function laneTo(workspace: Workspace): Lane {
  const network = openNetwork({ proxyUrl: undefined, apiUrl: workspace.apiUrl })
  const waits: number[] = []
  const lane = keepConnected({
    name: 'one',
    appToken: workspace.appToken,
    apiUrl: workspace.apiUrl,
    network,
    clock: hastyClock(waits),
    log: silentLog,
    app: { processEvent: async () => {} } as unknown as App,
    helloWithinMs,
    goodbyeWithinMs,
    onChange: () => {},
  })
  return {
    waits,
    async [Symbol.asyncDispose]() {
      await lane.stop()
      await network.close()
    },
  }
}

describe('a socket', () => {
  it('that is closed right after its greeting, again and again, is opened ever more slowly', async () => {
    await using workspace = await startWorkspace({ lingerMs: 50 })
    await using lane = laneTo(workspace)
    for (let round = 0; round < 12; round += 1) {
      await workspace.untilConnected(1)
      workspace.sockets.disconnect('link_disabled')
      await expect.poll(() => lane.waits.length).toBeGreaterThan(round)
    }
    expect(lane.waits[0]).toBeLessThanOrEqual(500)
    expect(Math.max(...lane.waits)).toBeGreaterThan(1000)
    expect(Math.max(...lane.waits)).toBeLessThanOrEqual(15_000)
    expect(Math.min(...lane.waits)).toBeGreaterThanOrEqual(100)
  })

  it('comes back no sooner than slack says after a rate limit', async () => {
    await using workspace = await startWorkspace()
    workspace.faults.add({ kind: 'rate-limited', retryAfterS: 33, method: 'apps.connections.open' })
    await using lane = laneTo(workspace)
    await expect.poll(() => lane.waits[0]).toBe(33_000)
  })
})
