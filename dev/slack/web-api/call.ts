import type { Faults } from '../faults.ts'
import type { RateLimits } from '../rate-limits.ts'
import type { World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, textArg } from './args.ts'
import { type Answer, type ApiMethod, needScope } from './method.ts'

/** One call that came in, and what became of it. */
export type ApiCall = {
  readonly number: number
  readonly method: string
  readonly args: Args
  readonly atMs: number
  readonly caller: 'bot' | 'app' | 'nobody'
  /** The answer as JSON, also when a fault kept it from arriving; undefined when nothing was carried out. */
  answer: Answer | undefined
  /** What went wrong on purpose, if anything. */
  fault: string | undefined
}

/** How the HTTP side has to answer. */
export type Outcome =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: Answer
      readonly headers: Record<string, string>
    }
  | { readonly kind: 'break' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'later'; readonly delayMs: number; readonly next: () => Outcome }

export type CallApi = (method: string, args: Args, token: string | undefined) => Outcome

/** Carries out calls, with the faults and rate limits that are on. */
export function createCallApi(
  world: World,
  methods: Readonly<Record<string, ApiMethod>>,
  faults: Faults,
  limits: RateLimits,
  calls: ApiCall[],
): CallApi {
  let count = 0
  return (method, args, token) => {
    count += 1
    const atMs = world.clock.now()
    const caller = callerOf(world, token)
    const call: ApiCall = {
      number: count,
      method,
      args: publicArgs(args),
      atMs,
      caller,
      answer: undefined,
      fault: undefined,
    }
    calls.push(call)
    if (calls.length > 100_000) calls.shift()
    const commit = () => {
      call.answer = carryOut(world, methods, method, args, token)
      return call.answer
    }
    const outcome =
      faulty(world, faults, limits, call, commit) ?? answer(200, commit(), scopeHeader(world, caller))
    world.feed.emit('call', { number: call.number, method, error: call.answer?.['error'], fault: call.fault })
    return outcome
  }
}

function faulty(
  world: World,
  faults: Faults,
  limits: RateLimits,
  call: ApiCall,
  commit: () => Answer,
): Outcome | undefined {
  const fault = faults.take(call.method, call.args)
  call.fault = fault?.kind
  switch (fault?.kind) {
    case 'rate-limited':
      return rateLimited(fault.retryAfterS)
    case 'answer-lost':
      commit()
      return { kind: 'break' }
    case 'connection-lost':
      return { kind: 'break' }
    case 'http-error':
      if (fault.commit === true) commit()
      return answer(fault.status, {})
    case 'hang':
      if (fault.commit === true) commit()
      return { kind: 'hang' }
    case 'slow':
      return { kind: 'later', delayMs: fault.delayMs, next: () => answer(200, commit()) }
    case 'error':
      call.answer = { ok: false, error: fault.error }
      return answer(200, call.answer)
    case undefined:
      break
  }
  const waitS = limits.take(call.method, textArg(call.args, 'channel') ?? '')
  if (waitS === 0) return undefined
  call.fault = 'rate-limited'
  world.feed.emit('call', { number: call.number, method: call.method, fault: call.fault })
  return rateLimited(waitS)
}

function carryOut(
  world: World,
  methods: Readonly<Record<string, ApiMethod>>,
  name: string,
  args: Args,
  token: string | undefined,
): Answer {
  try {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (method === undefined) throw new ApiRefusal('unknown_method', { req_method: name })
    const caller = authorize(world, method, token)
    return { ok: true, ...method.run(world, args, caller) }
  } catch (error) {
    if (error instanceof ApiRefusal) return { ok: false, error: error.error, ...error.extra }
    throw error
  }
}

function authorize(world: World, method: ApiMethod, token: string | undefined): 'bot' | 'app' | 'nobody' {
  if (method.token === 'none') return callerOf(world, token)
  const kind = world.tokens.check(token)
  if (kind !== 'bot' && kind !== 'app') throw new ApiRefusal(kind)
  if (method.token !== 'either' && method.token !== kind) throw new ApiRefusal('not_allowed_token_type')
  for (const scope of method.scopes ?? []) needScope(world, scope)
  return kind
}

function callerOf(world: World, token: string | undefined): 'bot' | 'app' | 'nobody' {
  const kind = world.tokens.check(token)
  return kind === 'bot' || kind === 'app' ? kind : 'nobody'
}

function publicArgs(args: Args): Args {
  const { token: _token, ...rest } = args
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, parsed(value)]))
}

/** Forms carry blocks and views as JSON in a string: the record shows what they say. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value
  }
}

/** Slack names the token's scopes with every answer. */
function scopeHeader(world: World, caller: 'bot' | 'app' | 'nobody'): Record<string, string> {
  return caller === 'nobody' ? {} : { 'x-oauth-scopes': world.tokens.scopes(caller).join(',') }
}

function answer(status: number, body: Answer, headers: Record<string, string> = {}): Outcome {
  return { kind: 'answer', status, body, headers }
}

function rateLimited(retryAfterS: number): Outcome {
  const headers = { 'retry-after': String(retryAfterS) }
  return { kind: 'answer', status: 429, body: { ok: false, error: 'ratelimited' }, headers }
}
