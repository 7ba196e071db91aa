import type { World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import type { Args } from './args.ts'

export type Answer = Readonly<Record<string, unknown>>

/** One Web API method: who may call it, and what it does. */
export type ApiMethod = {
  /** The kind of token it wants; `none`: it works without, and ignores one. */
  readonly token: 'bot' | 'app' | 'either' | 'none'
  /** The bot scopes it needs, all of them. */
  readonly scopes?: readonly string[]
  /** Returns what is answered beside `ok: true`; throws ApiRefusal for `ok: false`. */
  run(world: World, args: Args, caller: 'bot' | 'app' | 'nobody'): Answer
}

export function needScope(world: World, scope: string): void {
  const provided = world.tokens.scopes('bot')
  if (!provided.includes(scope)) {
    throw new ApiRefusal('missing_scope', { needed: scope, provided: provided.join(',') })
  }
}
