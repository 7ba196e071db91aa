import type { Clock } from '../lib/clock.ts'

/**
 * Shares an answer: whoever asks for the same key while it is being fetched, or within `keptMs` after, gets the same one, unless
 * it was asked for before `notBeforeMs`. Faults are not kept.
 */
export function briefly<T>(clock: Clock, keptMs: number) {
  const kept = new Map<string, Kept<T>>()
  return (key: string, notBeforeMs: number, fetch: () => Promise<T>): Promise<T> => {
    for (const [name, entry] of kept) if (entry.freshUntilMs <= clock.now()) kept.delete(name)
    const known = kept.get(key)
    if (known !== undefined && known.askedAtMs >= notBeforeMs) return known.answer
    const entry: Kept<T> = {
      askedAtMs: clock.now(),
      answer: fetch(),
      freshUntilMs: Number.POSITIVE_INFINITY,
    }
    kept.set(key, entry)
    entry.answer.then(
      () => {
        entry.freshUntilMs = clock.now() + keptMs
      },
      () => {
        if (kept.get(key) === entry) kept.delete(key)
      },
    )
    return entry.answer
  }
}

type Kept<T> = { readonly askedAtMs: number; readonly answer: Promise<T>; freshUntilMs: number }
