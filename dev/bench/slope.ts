/** By how much the values grow in a second: the line with the least squares. */
export function slopePerS(samples: ReadonlyArray<{ readonly atS: number; readonly value: number }>): number {
  if (samples.length < 2) return 0
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
  const meanAtS = mean(samples.map(({ atS }) => atS))
  const meanValue = mean(samples.map(({ value }) => value))
  const together = mean(samples.map(({ atS, value }) => (atS - meanAtS) * (value - meanValue)))
  return together / mean(samples.map(({ atS }) => (atS - meanAtS) ** 2))
}
