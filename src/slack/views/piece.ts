import type { Sentence } from './span.ts'

/** What a message is made of, before it is known which blocks Slack will take. Views make pieces; only the forms know Block Kit. */
export type Piece =
  | { readonly kind: 'header'; readonly text: string }
  | { readonly kind: 'text'; readonly sentence: Sentence }
  | { readonly kind: 'list'; readonly items: readonly Sentence[] }
  /** Small print. */
  | { readonly kind: 'small'; readonly sentence: Sentence }
  /** Texts from outside are fine in cells: they are shown raw. */
  | { readonly kind: 'grid'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'code'; readonly text: string }
  /** Shown folded where Slack can fold. */
  | { readonly kind: 'details'; readonly title: string; readonly text: string }
  | { readonly kind: 'steps'; readonly title: string; readonly steps: readonly Step[] }
  | { readonly kind: 'buttons'; readonly buttons: readonly Button[] }
  | { readonly kind: 'divider' }

export type Step = {
  readonly id: string
  readonly title: string
  readonly state: 'pending' | 'in_progress' | 'complete' | 'error'
  readonly details: Sentence
}

export type Button = {
  readonly action: ActionId
  readonly label: string
  /** An opaque id; what it means is in the database. */
  readonly value: string
  readonly style?: 'primary' | 'danger'
  readonly confirm?: {
    readonly title: string
    readonly text: string
    readonly yes: string
    readonly no: string
  }
}

type ActionId = 'approve' | 'reject' | 'other-value' | 'snooze' | 'dismiss' | 'look-again' | 'rollback'

/** A message: its blocks come from the pieces, `summary` is what notifications say. */
export type Page = { readonly summary: Sentence; readonly pieces: readonly Piece[] }

export function text(...sentence: Sentence): Piece {
  return { kind: 'text', sentence }
}

export function small(...sentence: Sentence): Piece {
  return { kind: 'small', sentence }
}

/** At most `max` items, and how many were left out, in words. */
export function shown<T>(
  items: readonly T[],
  max: number,
): { readonly items: readonly T[]; readonly more: number } {
  return { items: items.slice(0, max), more: Math.max(0, items.length - max) }
}
