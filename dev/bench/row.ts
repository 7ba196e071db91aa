import type { Release } from '../mailhost/recipe.ts'

export type BenchSettings = {
  readonly release: Release
  /** A few samples only: shows that the bench works, and says little about the product. */
  readonly quick: boolean
  readonly progress: (line: string) => void
  /** Aborted when the row takes too long, or by Ctrl-C. */
  readonly signal: AbortSignal
}

/** One line of the table. */
export type Figure = {
  readonly what: string
  readonly p50: string
  /** Empty where one number says it all. */
  readonly p99?: string
  readonly target?: string
  readonly met?: boolean
}

export type Row = {
  readonly name: string
  /** What is measured, against what. */
  readonly about: string
  /** The longest that it may take. */
  readonly withinMs: number
  /** Measures, and takes away all that it started. Throws when it could not measure. */
  readonly measure: (settings: BenchSettings) => Promise<readonly Figure[]>
}
