import { isOpsError } from '../lib/errors.ts'

/** One thing that `doctor` looked at. `warn`: the bot can run, but somebody should know. */
export type Check = {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly what: string
  /** What to do, a line each; a command stands on a line of its own. */
  readonly remedy: readonly string[]
}

/** What a section yields: its checks as they are made, and before something slow, what it is about to do. */
export type Finding = Check | { readonly state: 'doing'; readonly what: string }

export function ok(what: string): Check {
  return { state: 'ok', what, remedy: [] }
}

export function warn(what: string, ...remedy: readonly string[]): Check {
  return { state: 'warn', what, remedy }
}

export function fail(what: string, ...remedy: readonly string[]): Check {
  return { state: 'fail', what, remedy }
}

export function doing(what: string): Finding {
  return { state: 'doing', what }
}

/** The check that failed with this error; whatever is no OpsError is a fault of ours. */
export function failedBy(error: unknown): Check {
  if (!isOpsError(error)) throw error
  return fail(error.message, ...linesOf(error.hint))
}

/** A hint is a sentence or two; a command to copy after "If it does:" gets a line of its own. */
function linesOf(hint: string | undefined): readonly string[] {
  return hint?.split(/ (?=(?:Only if|If) it does: )|(?<=[Ii]f it does:) /) ?? []
}
