import { median, quantile } from './quantile.ts'
import type { Figure } from './row.ts'

export function milliseconds(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(1)} ms`
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** One arm of a comparison: what was measured, as durations. */
export function durations(what: string, samples: readonly number[]): Figure {
  return { what, p50: milliseconds(median(samples)), p99: milliseconds(quantile(samples, 0.99)) }
}

/** How many times as long as the other arm, median against median. */
export function ratio(
  what: string,
  ours: readonly number[],
  theirs: readonly number[],
  atMost: number,
): Figure {
  const value = median(ours) / median(theirs)
  return { what, p50: `${value.toFixed(2)} ×`, target: `at most ${atMost} ×`, met: value <= atMost }
}
