/** `{ok: false, error, …extra}`: what a Web API method answers when it will not. */
export class ApiRefusal extends Error {
  readonly error: string
  readonly extra: Readonly<Record<string, unknown>>
  constructor(error: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(error)
    this.error = error
    this.extra = extra
  }
}
