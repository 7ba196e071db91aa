import { inWords } from '../block.ts'
import { ApiRefusal } from './api-refusal.ts'

/** The arguments of a call. From a form they are all strings; from JSON they have their types. */
export type Args = Readonly<Record<string, unknown>>

export function textArg(args: Args, name: string): string | undefined {
  const value = args[name]
  if (value === undefined || value === null) return undefined
  return inWords(value)
}

export function neededArg(args: Args, name: string): string {
  const value = textArg(args, name)
  if (value === undefined || value === '') throw missing(name)
  return value
}

export function flagArg(args: Args, name: string): boolean | undefined {
  const value = textArg(args, name)
  return value === undefined ? undefined : value === 'true' || value === '1'
}

export function numberArg(args: Args, name: string, fallback: number): number {
  const value = textArg(args, name)
  return value === undefined ? fallback : Number(value)
}

/** An argument that is JSON, or JSON in a string; `error` is answered when it is neither. */
export function jsonArg(args: Args, name: string, error: string): unknown {
  const value = args[name]
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    throw new ApiRefusal(error, {
      response_metadata: { messages: [`[ERROR] must be valid JSON [json-pointer:/${name}]`] },
    })
  }
}

function missing(name: string): ApiRefusal {
  return new ApiRefusal('invalid_arguments', {
    response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
  })
}
