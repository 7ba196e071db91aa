import type { App, Receiver, ReceiverEvent } from '@slack/bolt'
import { sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { keepConnected, type LaneParts, type SocketLane } from './socket-lane.ts'

/**
 * Feeds one Bolt app from two sockets. A single one is blind while it reconnects, and Slack never repeats a click.
 * Whatever arrives is acknowledged in the end, whether the app knows it or not.
 */
export type TwinReceiver = Receiver & {
  readonly lanes: readonly SocketLane[]
  /** Counts as being handled. */
  track(work: Promise<void>): void
  /** Lets go of nothing: waits for what is being handled, at most this long. */
  drain(graceMs: number): Promise<'done' | 'gave-up'>
}

export type TwinParts = Omit<LaneParts, 'name' | 'app'>

export function createTwinReceiver(parts: TwinParts): TwinReceiver {
  const { clock, log } = parts
  const handling = new Set<Promise<void>>()
  const lanes: SocketLane[] = []
  let app: App | undefined
  let closing = false

  async function handle(event: ReceiverEvent): Promise<void> {
    // Without an acknowledgement the person is told that nothing came of it, which is then true.
    if (closing) return
    const ack = onceSafely(event.ack, log)
    try {
      await app?.processEvent({ ...event, ack: ack.run })
    } catch (error) {
      log.error({ error, type: event.body['type'] }, 'an envelope from slack could not be handled')
    }
    if (!ack.done()) {
      log.warn({ type: event.body['type'] }, 'slack sent something that maillimit does not know')
      await ack.run()
    }
  }

  function track(given: Promise<void>): void {
    const work = given.finally(() => handling.delete(work))
    handling.add(work)
  }

  async function processEvent(event: ReceiverEvent): Promise<void> {
    const work = handle(event)
    track(work)
    await work
  }

  return {
    lanes,
    track,
    init(given) {
      app = given
    },
    async start() {
      const inner = { processEvent } as unknown as App
      for (const name of ['one', 'two']) lanes.push(keepConnected({ ...parts, name, app: inner }))
    },
    async drain(graceMs) {
      closing = true
      const enough = new AbortController()
      const result = await Promise.race([
        Promise.all(handling).then(() => 'done' as const),
        sleep(clock, graceMs, enough.signal).then(
          () => 'gave-up' as const,
          () => 'done' as const,
        ),
      ])
      enough.abort(new Error('drained'))
      return result
    },
    async stop() {
      closing = true
      await Promise.all(lanes.map((lane) => lane.stop()))
      lanes.length = 0
    },
  }
}

/** An acknowledgement whose socket has gone must not stop what was stored already from being done. */
function onceSafely(ack: ReceiverEvent['ack'], log: Log): { run: ReceiverEvent['ack']; done(): boolean } {
  let done = false
  return {
    done: () => done,
    async run(response) {
      if (done) return
      done = true
      try {
        await ack(response)
      } catch (error) {
        log.warn({ error }, 'slack could not be told that a click arrived')
      }
    },
  }
}
