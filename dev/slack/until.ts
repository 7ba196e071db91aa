import { sleep, systemClock } from '../../src/lib/clock.ts'
import type { Feed } from './feed.ts'

/**
 * Waits until `look` finds something, looking again after each change in the workspace. Rejects after `timeoutMs`
 * with `what` was awaited and `seen`, what there was instead.
 */
export async function until<T>(
  feed: Feed,
  look: () => T | undefined,
  wait: { readonly timeoutMs: number; readonly what: string; readonly seen: () => string },
): Promise<T> {
  const now = look()
  if (now !== undefined) return now
  const done = new AbortController()
  let stop = () => {}
  const found = new Promise<T>((resolve, reject) => {
    stop = feed.subscribe(() => {
      try {
        const value = look()
        if (value !== undefined) resolve(value)
      } catch (error) {
        reject(error)
      }
    })
  })
  const tooLate = sleep(systemClock, wait.timeoutMs, done.signal).then(() => {
    throw new Error(`waited ${wait.timeoutMs} ms in vain for ${wait.what}; there was: ${wait.seen()}`)
  })
  try {
    return await Promise.race([found, tooLate])
  } finally {
    stop()
    done.abort(new Error('found'))
    tooLate.catch(() => {})
  }
}
