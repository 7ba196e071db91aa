import { setTimeout as wait } from 'node:timers/promises'

/** Waits until a count has stood still for 100 ms, and returns it; infinity when it never does. */
export async function unchanged(count: () => number): Promise<number> {
  let last = count()
  for (let tries = 0; tries < 50; tries++) {
    await wait(100)
    if (count() === last) return last
    last = count()
  }
  return Number.POSITIVE_INFINITY
}
