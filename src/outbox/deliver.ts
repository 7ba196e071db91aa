import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { DeliveryResult, FindResult, Messenger } from './messenger.ts'
import type { OutboxRow, Settlement } from './outbox-store.ts'

export type DeliverParts = { readonly messenger: Messenger; readonly clock: Clock; readonly log: Log }

/** A lost answer can be on its way still when we look for its message; the far side's clock may differ. */
const SETTLE_MS = 2_000
const CLOCK_SLACK_MS = 60_000

/** So many searches that cannot say come before the message is posted again. */
const SEARCHES = 4

/** What follows from a call; `pauseUntilMs`: the far side wants no further call of this kind before then. */
export type Delivered = { readonly settlement: Settlement; readonly pauseUntilMs: number | undefined }

/** One call for one row, which is marked as being sent already. */
export async function deliver(row: OutboxRow, deliveryId: string, parts: DeliverParts): Promise<Delivered> {
  const { messenger, clock, log } = parts
  const { messageId } = row
  const thread = row.thread.kind === 'under' ? row.thread.messageId : undefined
  const result = await guarded(row, log, () =>
    messageId === undefined ? messenger.post(row, deliveryId, thread) : messenger.edit(row, messageId),
  )
  const nowMs = clock.now()
  return {
    settlement: settlementOf(result, row, nowMs),
    pauseUntilMs: result.kind === 'later' ? nowMs + result.afterMs : undefined,
  }
}

/** Looks for what an earlier post may have left, before it is posted again. */
export async function search(row: OutboxRow, parts: DeliverParts): Promise<FindResult> {
  const { messenger, clock, log } = parts
  const { deliveryId } = row
  if (deliveryId === undefined) return { kind: 'absent' }
  const thread = row.thread.kind === 'under' ? row.thread.messageId : undefined
  const sinceMs = (row.firstTriedAtMs ?? clock.now()) - CLOCK_SLACK_MS
  return messenger.find(row, deliveryId, sinceMs, thread).catch((error: unknown) => {
    log.error({ error, messageKey: row.messageKey }, 'looking for a message threw')
    return { kind: 'unknown', why: 'the search failed' }
  })
}

/** What follows from a search; `inVain`: how many before it could not say. */
export function afterSearch(
  result: FindResult,
  row: OutboxRow,
  inVain: number,
  parts: DeliverParts,
): Settlement {
  const nowMs = parts.clock.now()
  switch (result.kind) {
    case 'found':
      // Which revision it shows is not known: it is brought up to date.
      return { kind: 'sent', messageId: result.messageId, revision: 0, atMs: nowMs }
    case 'absent':
      return { kind: 'post-again', found: 'absent', why: row.why ?? '', atMs: nowMs }
    case 'later':
      return { kind: 'ambiguous', notBeforeMs: nowMs + result.afterMs, why: result.why }
    case 'unknown':
      if (inVain + 1 < SEARCHES) {
        return {
          kind: 'ambiguous',
          notBeforeMs: nowMs + doubled(SETTLE_MS, inVain, 60_000),
          why: result.why,
        }
      }
      parts.log.warn({ messageKey: row.messageKey, why: result.why }, 'a message may be posted twice')
      return { kind: 'post-again', found: 'unknown', why: result.why, atMs: nowMs }
  }
}

function settlementOf(result: DeliveryResult, row: OutboxRow, nowMs: number): Settlement {
  const isEdit = row.messageId !== undefined
  switch (result.kind) {
    case 'sent':
      return { kind: 'sent', messageId: result.messageId, revision: row.revision, atMs: nowMs }
    case 'later':
      return { kind: 'later', notBeforeMs: nowMs + result.afterMs, why: result.why }
    case 'ambiguous': {
      const notBeforeMs = nowMs + doubled(SETTLE_MS, row.attempts, 60_000)
      // An edit can be made twice without harm.
      return { kind: isEdit ? 'later' : 'ambiguous', notBeforeMs, why: result.why }
    }
    case 'gone':
      if (isEdit) return { kind: 'gone' }
      return failed(row, nowMs, 'gone', 'The thread that it belongs to is gone.')
    case 'failed':
      return failed(row, nowMs, result.code, result.hint)
  }
}

/** The port does not throw for answers; if it throws all the same, nobody knows how far it came. */
async function guarded(
  row: OutboxRow,
  log: Log,
  call: () => Promise<DeliveryResult>,
): Promise<DeliveryResult> {
  try {
    return await call()
  } catch (error) {
    log.error({ error, messageKey: row.messageKey }, 'the messenger threw')
    return { kind: 'ambiguous', why: 'the messenger failed' }
  }
}

function failed(row: OutboxRow, nowMs: number, code: string, hint: string): Settlement {
  return { kind: 'failed', notBeforeMs: nowMs + doubled(15_000, row.attempts, 300_000), code, hint }
}

function doubled(firstMs: number, attempt: number, mostMs: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 20))
}
