import { ApiRefusal } from './api-refusal.ts'
import { type Args, numberArg, textArg } from './args.ts'

/** One page of a list, by `limit` and `cursor`. A cursor is the base64 of an offset, as opaque as Slack's. */
export function page<T>(
  all: readonly T[],
  args: Args,
  defaultLimit: number,
): {
  readonly items: readonly T[]
  readonly hasMore: boolean
  readonly metadata: { readonly response_metadata: { readonly next_cursor: string } }
} {
  const cursor = textArg(args, 'cursor') ?? ''
  const start = cursor === '' ? 0 : Number(Buffer.from(cursor, 'base64').toString().replace('at:', ''))
  if (!Number.isInteger(start)) throw new ApiRefusal('invalid_cursor')
  const limit = numberArg(args, 'limit', defaultLimit)
  if (!(limit >= 1 && limit <= 1000)) throw new ApiRefusal('invalid_limit')
  const end = start + limit
  const hasMore = end < all.length
  const next = hasMore ? Buffer.from(`at:${end}`).toString('base64') : ''
  return { items: all.slice(start, end), hasMore, metadata: { response_metadata: { next_cursor: next } } }
}
