/** Full jitter: anything between 0 and the doubled delay, so that many clients do not come back together. `attempt` counts from 0. */
export function fullJitter(
  attempt: number,
  range: { readonly firstMs: number; readonly mostMs: number },
  random: () => number = Math.random,
): number {
  const ceilingMs = Math.min(range.mostMs, range.firstMs * 2 ** Math.min(attempt, 30))
  return Math.round(random() * ceilingMs)
}
