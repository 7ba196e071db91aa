/** What an adapter throws: a fault that an operator can act upon. Expected outcomes are values, not errors. */
export class OpsError extends Error {
  override readonly name = 'OpsError'
  /** Stable, kebab-case, names the fault: `host-key-unknown`, `slack-token-invalid`. */
  readonly code: string
  /** Whether the same call may succeed later without anybody acting. */
  readonly retryable: boolean
  /** What the operator does next; a full sentence. */
  readonly hint: string | undefined
  /** Facts for the log. Never a secret. */
  readonly context: Readonly<Record<string, unknown>>

  constructor(
    code: string,
    message: string,
    facts: {
      readonly retryable?: boolean
      readonly hint?: string
      readonly context?: Readonly<Record<string, unknown>>
      readonly cause?: unknown
    } = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.retryable = facts.retryable ?? false
    this.hint = facts.hint
    this.context = facts.context ?? {}
  }
}

export function isOpsError(error: unknown, code?: string): error is OpsError {
  return error instanceof OpsError && (code === undefined || error.code === code)
}
