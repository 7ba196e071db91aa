import type { Clock } from '../lib/clock.ts'
import type { MessageKind } from '../outbox/intent.ts'
import type { DeliveryState, OutboxRow, OutboxStore, Settlement } from '../outbox/outbox-store.ts'
import { addAudit } from './audit.ts'
import { optionalNumber, optionalText } from './columns.ts'
import type { Database, Row } from './database.ts'
import type { Upkeep } from './store.ts'

const LANES = `SELECT DISTINCT lane FROM outbox WHERE state <> 'sent'`
const UNSENT = `
  SELECT message.*, parent.message_key AS parent_key, parent.message_id AS parent_message_id
  FROM outbox AS message LEFT JOIN outbox AS parent ON parent.message_key = message.thread_of
  WHERE message.lane = :lane AND message.state <> 'sent' ORDER BY message.queued_at_ms`
const BEGIN = `
  UPDATE outbox SET state = 'sending', attempts = attempts + 1,
    first_tried_at_ms = CASE WHEN delivery_id = :deliveryId THEN first_tried_at_ms ELSE :atMs END,
    delivery_id = :deliveryId
  WHERE message_key = :messageKey`
const MESSAGE_ID = `SELECT message_id FROM outbox WHERE message_key = :messageKey`
const SENT = `
  UPDATE outbox SET message_id = :messageId, sent_revision = :revision, sent_at_ms = :atMs, attempts = 0,
    state = CASE WHEN revision > :revision THEN 'pending' ELSE 'sent' END,
    queued_at_ms = CASE WHEN revision > :revision THEN :atMs ELSE queued_at_ms END,
    not_before_ms = 0, why = NULL, hint = NULL
  WHERE message_key = :messageKey`
const WAIT = `
  UPDATE outbox SET state = :state, not_before_ms = :notBeforeMs, why = :why, hint = :hint
  WHERE message_key = :messageKey`
const GONE = `
  UPDATE outbox SET state = 'pending', message_id = NULL, delivery_id = NULL, sent_revision = 0, not_before_ms = 0,
    why = 'gone' WHERE message_key = :messageKey`
const RECOVER_POSTS = `
  UPDATE outbox SET state = 'ambiguous', why = 'interrupted' WHERE state = 'sending' AND message_id IS NULL`
const RECOVER_EDITS = `UPDATE outbox SET state = 'pending' WHERE state = 'sending'`
const FORGET_WAITING = `UPDATE outbox SET not_before_ms = 0 WHERE state <> 'sent'`
/** Not what may stand in the former channel, and not the thread of what stands there. */
const MOVE_UNPOSTED = `
  UPDATE outbox SET lane = :lane, state = 'pending', delivery_id = NULL, attempts = 0, not_before_ms = 0
  WHERE lane <> :lane AND message_id IS NULL AND state IN ('pending', 'failed')
    AND coalesce(thread_of, '') NOT IN (SELECT message_key FROM outbox WHERE message_id IS NOT NULL)`
const NOTE_DELIVERY = `
  INSERT INTO deliveries (message_key, delivery_id, at_ms, outcome, detail)
  SELECT message_key, delivery_id, :atMs, :outcome, :detail FROM outbox WHERE message_key = :messageKey`
const COUNTS = `SELECT state, count(*) AS rows, min(queued_at_ms) AS oldest FROM outbox GROUP BY state`
const FAILURE = `SELECT why, hint FROM outbox WHERE state = 'failed' ORDER BY not_before_ms DESC LIMIT 1`

export function outboxStore(db: Database, clock: Clock): OutboxStore & Pick<Upkeep, 'moveUnposted'> {
  return {
    async moveUnposted(lane) {
      return db.run(MOVE_UNPOSTED, { lane })
    },
    async lanes() {
      return db.all(LANES).map((row) => String(row['lane']))
    },
    async unsent(lane) {
      return db.all(UNSENT, { lane }).map(outboxRowOf)
    },
    async begin(messageKey, deliveryId, atMs) {
      db.run(BEGIN, { messageKey, deliveryId, atMs })
    },
    async settle(messageKey, settlement) {
      db.transaction(() => settle(db, messageKey, settlement, clock.now()))
    },
    async recover() {
      return db.transaction(() => {
        const ambiguous = db.run(RECOVER_POSTS)
        db.run(RECOVER_EDITS)
        db.run(FORGET_WAITING)
        return ambiguous
      })
    },
    async figures() {
      const counts: Record<DeliveryState, number> = {
        pending: 0,
        sending: 0,
        sent: 0,
        ambiguous: 0,
        failed: 0,
      }
      let oldestUnsentAtMs: number | undefined
      for (const row of db.all(COUNTS)) {
        const state = row['state'] as DeliveryState
        counts[state] = Number(row['rows'])
        if (state !== 'sent') oldestUnsentAtMs = Math.min(oldestUnsentAtMs ?? Infinity, Number(row['oldest']))
      }
      const failure = db.get(FAILURE)
      return {
        counts,
        oldestUnsentAtMs,
        failure:
          failure === undefined
            ? undefined
            : { code: String(failure['why']), hint: optionalText(failure['hint']) ?? '' },
      }
    },
  }
}

function settle(db: Database, messageKey: string, settlement: Settlement, nowMs: number): void {
  const note = (outcome: string, detail?: string) => {
    db.run(NOTE_DELIVERY, { messageKey, atMs: nowMs, outcome, detail })
  }
  switch (settlement.kind) {
    case 'sent': {
      const { messageId, revision, atMs } = settlement
      const isPost = db.get(MESSAGE_ID, { messageKey })?.['message_id'] === null
      db.run(SENT, { messageKey, messageId, revision, atMs })
      if (isPost) note('sent', messageId)
      return
    }
    case 'later':
      db.run(WAIT, { messageKey, state: 'pending', notBeforeMs: settlement.notBeforeMs, why: settlement.why })
      note('later', settlement.why)
      return
    case 'ambiguous':
      db.run(WAIT, {
        messageKey,
        state: 'ambiguous',
        notBeforeMs: settlement.notBeforeMs,
        why: settlement.why,
      })
      note('ambiguous', settlement.why)
      return
    case 'failed': {
      const { notBeforeMs, code, hint } = settlement
      db.run(WAIT, { messageKey, state: 'failed', notBeforeMs, why: code, hint })
      note('failed', code)
      return
    }
    case 'gone':
      note('gone')
      db.run(GONE, { messageKey })
      return
    case 'post-again':
      postAgain(db, messageKey, settlement)
      note(`post-again-${settlement.found}`, settlement.why)
  }
}

function postAgain(
  db: Database,
  messageKey: string,
  { found, why, atMs }: Extract<Settlement, { kind: 'post-again' }>,
): void {
  db.run(WAIT, { messageKey, state: 'pending', notBeforeMs: 0, why })
  if (found === 'absent') return
  const entry = {
    atMs,
    actor: 'maillimit',
    event: 'maybe-posted-twice',
    subjectId: messageKey,
    host: undefined,
    detail: { why },
  }
  addAudit(db, [entry])
}

function outboxRowOf(row: Row): OutboxRow {
  const threadOf = optionalText(row['thread_of'])
  const parentMessageId = optionalText(row['parent_message_id'])
  return {
    lane: String(row['lane']),
    messageKey: String(row['message_key']),
    kind: row['kind'] as MessageKind,
    subjectId: String(row['subject_id']),
    revision: Number(row['revision']),
    threadOf,
    relaxed: row['relaxed'] === 1,
    state: row['state'] as DeliveryState,
    sentRevision: Number(row['sent_revision']),
    messageId: optionalText(row['message_id']),
    deliveryId: optionalText(row['delivery_id']),
    attempts: Number(row['attempts']),
    queuedAtMs: Number(row['queued_at_ms']),
    notBeforeMs: Number(row['not_before_ms']),
    firstTriedAtMs: optionalNumber(row['first_tried_at_ms']),
    sentAtMs: optionalNumber(row['sent_at_ms']),
    why: optionalText(row['why']),
    thread:
      threadOf === undefined || row['parent_key'] === null
        ? { kind: 'none' }
        : parentMessageId === undefined
          ? { kind: 'waiting' }
          : { kind: 'under', messageId: parentMessageId },
  }
}
