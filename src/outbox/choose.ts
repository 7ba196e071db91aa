import type { MessageKind } from './intent.ts'
import type { OutboxRow } from './outbox-store.ts'

/** From when on each kind of call may be made in a lane. */
export type Gates = { readonly postAtMs: number; readonly editAtMs: number; readonly relaxedAtMs: number }

export type Choice =
  | { readonly kind: 'send'; readonly row: OutboxRow }
  /** Nothing before then; undefined: nothing until something is stored. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined }

/** One message is not edited more often. */
const EDIT_SPACING_MS = 1_000

/** Alerts first, then what hosts do, then the stories in threads. */
const RANK: Readonly<Record<MessageKind, number>> = {
  alert: 0,
  request: 0,
  notice: 1,
  away: 1,
  remediation: 2,
  outcome: 2,
}

/**
 * The next message of a lane: what may stand there already before all else, new posts before edits, edits with news before those that only
 * count on; what has waited longest first. A thread waits for its parent.
 */
export function choose(rows: readonly OutboxRow[], gates: Gates, nowMs: number): Choice {
  let best: OutboxRow | undefined
  let untilMs: number | undefined
  for (const row of rows) {
    const atMs = readyAtMs(row, gates)
    if (atMs === undefined) continue
    if (atMs > nowMs) untilMs = Math.min(untilMs ?? atMs, atMs)
    else if (best === undefined || isBefore(row, best)) best = row
  }
  return best === undefined ? { kind: 'wait', untilMs } : { kind: 'send', row: best }
}

function readyAtMs(row: OutboxRow, gates: Gates): number | undefined {
  if (row.thread.kind === 'waiting') return undefined
  // Looking for a message is no post.
  if (isAmbiguous(row)) return row.notBeforeMs
  if (row.messageId === undefined) return Math.max(row.notBeforeMs, gates.postAtMs)
  const gate = row.relaxed ? gates.relaxedAtMs : gates.editAtMs
  return Math.max(row.notBeforeMs, gate, (row.sentAtMs ?? 0) + EDIT_SPACING_MS)
}

function isBefore(row: OutboxRow, other: OutboxRow): boolean {
  const [rank, otherRank] = [rankOf(row), rankOf(other)]
  return rank === otherRank ? row.queuedAtMs < other.queuedAtMs : rank < otherRank
}

function rankOf(row: OutboxRow): number {
  if (isAmbiguous(row)) return -1
  if (row.messageId === undefined) return RANK[row.kind]
  return row.relaxed ? 4 : 3
}

function isAmbiguous(row: OutboxRow): boolean {
  return row.state === 'ambiguous' && row.messageId === undefined
}
