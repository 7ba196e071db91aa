/** Clients try again after seconds: refusals this close together are different connections, later ones the same again. */
export const TOGETHER_MS = 5_000

/** The most instants within any stretch of `TOGETHER_MS`. */
export function mostTogether(instants: readonly number[]): number {
  const sorted = instants.toSorted((a, b) => a - b)
  let most = 0
  let from = 0
  for (const [index, atMs] of sorted.entries()) {
    while (atMs - (sorted[from] ?? atMs) > TOGETHER_MS) from += 1
    most = Math.max(most, index - from + 1)
  }
  return most
}
