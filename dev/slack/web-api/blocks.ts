import type { Problem } from '../validate/schema.ts'
import { validateBlocks, validateView } from '../validate/validate.ts'
import type { World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, jsonArg } from './args.ts'
import { refuseProblems } from './message-content.ts'
import type { Answer, ApiMethod } from './method.ts'

export const blockMethods: Readonly<Record<string, ApiMethod>> = {
  'blocks.validate': { token: 'none', run: validate },
}

function validate(_world: World, args: Args): Answer {
  const given = ['blocks', 'message', 'view'].filter((name) => args[name] !== undefined)
  const [name] = given
  if (given.length !== 1 || name === undefined) {
    const messages = ['must provide exactly one of `blocks`, `view`, or `message`']
    throw new ApiRefusal('invalid_arguments', { response_metadata: { messages } })
  }
  const payload = jsonArg(args, name, 'invalid_arguments')
  refuseProblems(`invalid_${name}`, problemsOf(name, payload))
  return {}
}

function problemsOf(name: string, payload: unknown): readonly Problem[] {
  if (name === 'view') return validateView(payload, '')
  if (name === 'blocks') return validateBlocks(payload, 'message', '')
  return validateBlocks((payload as { readonly blocks?: unknown }).blocks ?? [], 'message')
}
