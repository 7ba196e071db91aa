export type SuggestedValue = { readonly value: number | undefined; readonly why: string }

/**
 * The limit that would do: the sessions that are open, those refused at the same moment, and head room of a quarter (at
 * least 5), rounded up to a number that people like. What was refused counts at most as much as what is open, because
 * anybody with a password can be refused as often as they like.
 */
export function suggestValue(facts: {
  readonly open: number
  readonly refusedTogether: number
  /** The limit in force. */
  readonly limit: number
  readonly cap: number
}): SuggestedValue {
  const { open, limit, cap } = facts
  const refused = Math.min(facts.refusedTogether, Math.max(open, limit))
  const needed = open + refused
  const wanted = friendly(Math.max(needed + Math.max(5, Math.ceil(needed / 4)), limit + 1))
  const sum = `${open} open, ${refused} refused at the same moment, and head room`
  if (limit >= cap) {
    return {
      value: undefined,
      why: `The limit in force is ${limit}, and the highest that may be proposed is ${cap}.`,
    }
  }
  if (needed > cap)
    return { value: cap, why: `${sum}: ${wanted}. The cap is ${cap}, which may be too little.` }
  if (wanted > cap) return { value: cap, why: `${sum}: ${wanted}, cut to the cap of ${cap}.` }
  return { value: wanted, why: `${sum}: ${wanted}.` }
}

function friendly(value: number): number {
  const step = value <= 50 ? 5 : value <= 100 ? 10 : value <= 500 ? 50 : 100
  return Math.ceil(value / step) * step
}
