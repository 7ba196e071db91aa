import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Messenger } from './messenger.ts'
import type { OutboxStore } from './outbox-store.ts'
import { runLane } from './run-lane.ts'
import { Waker } from './waker.ts'

export type OutboxParts = {
  readonly store: OutboxStore
  readonly messenger: Messenger
  readonly clock: Clock
  readonly log: Log
  /** Names each post, so that it can be found again when its answer is lost. */
  readonly newId: () => string
}

export type RunningOutbox = {
  /** Whoever stored an intent says so; it is sent at once. Cheap, and never lost. */
  readonly wake: () => void
  /** A call that is under way is waited for; the rest stays stored. */
  readonly stop: () => Promise<void>
  /** Rejects when the store fails; nothing is sent any more then. */
  readonly failed: Promise<never>
}

/** Everything that was stored to be said reaches its channel: one serial lane a channel, at least once, the newest state in the end. */
export function runOutbox(parts: OutboxParts): RunningOutbox {
  const waker = new Waker()
  const stopping = new AbortController()
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  const running = run({ ...parts, waker }, stopping).catch((error: unknown) => failure.reject(error))
  return {
    wake: () => waker.wake(),
    async stop() {
      stopping.abort()
      await running
    },
    failed: failure.promise,
  }
}

async function run(parts: OutboxParts & { readonly waker: Waker }, stopping: AbortController): Promise<void> {
  const { store, clock, log, waker } = parts
  const { signal } = stopping
  const ambiguous = await store.recover()
  if (ambiguous > 0) log.warn({ messages: ambiguous }, 'looking for messages whose answer was never seen')
  const lanes = new Map<string, Promise<void>>()
  const faults: unknown[] = []
  const start = (lane: string) =>
    runLane(lane, parts, signal).catch((error: unknown) => {
      faults.push(error)
      stopping.abort()
    })
  try {
    while (!signal.aborted) {
      const seen = waker.count
      for (const lane of await store.lanes()) if (!lanes.has(lane)) lanes.set(lane, start(lane))
      await waker.sleep(seen, clock, undefined, signal)
    }
  } finally {
    stopping.abort()
    await Promise.all(lanes.values())
  }
  if (faults.length > 0) throw faults[0]
}
