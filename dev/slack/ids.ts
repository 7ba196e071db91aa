import { randomBytes } from 'node:crypto'
import type { Clock } from '../../src/lib/clock.ts'

/** Makes what Slack makes up: message timestamps, object ids, secrets. */
export type Ids = {
  /** A message timestamp, `seconds.micros`; no two are alike and they only grow. */
  ts(): string
  /** An object id such as `V0000000001`. */
  next(prefix: string): string
  /** An unguessable part of a URL or a trigger. */
  secret(): string
}

export function createIds(clock: Clock): Ids {
  let lastMicros = 0
  let count = 0
  return {
    ts() {
      lastMicros = Math.max(lastMicros + 1, Math.floor(clock.now() * 1000))
      const seconds = Math.floor(lastMicros / 1_000_000)
      return `${seconds}.${String(lastMicros % 1_000_000).padStart(6, '0')}`
    },
    next(prefix) {
      count += 1
      return prefix + count.toString(36).toUpperCase().padStart(10, '0')
    },
    secret: () => randomBytes(16).toString('hex'),
  }
}
