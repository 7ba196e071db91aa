import type { Clock } from '../lib/clock.ts'

const maxEntries = 1000

/** Asks once for callers that come together and within `forMs`; a failure is never kept. */
export function brieflyCached<T>(
  clock: Clock,
  forMs: number,
  ask: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const kept = new Map<string, { readonly atMs: number; readonly answer: Promise<T> }>()
  return (key) => {
    const known = kept.get(key)
    if (known !== undefined && clock.now() - known.atMs < forMs) return known.answer
    const answer = ask(key)
    const entry = { atMs: clock.now(), answer }
    kept.delete(key)
    kept.set(key, entry)
    if (kept.size > maxEntries) kept.delete(kept.keys().next().value as string)
    answer.catch(() => {
      if (kept.get(key) === entry) kept.delete(key)
    })
    return answer
  }
}
