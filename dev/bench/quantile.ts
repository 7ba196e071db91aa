/** The smallest sample that at least this share of all does not exceed; no sample is made up between two. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error('There is no quantile of no samples')
  const sorted = samples.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}
