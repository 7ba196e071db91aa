import type { Intent } from '../outbox/intent.ts'
import type { Database } from './database.ts'

/**
 * Each intent is news: the row's revision grows even when several subjects that share a message count differently. A thread stays in the
 * channel of its parent, also when the bot speaks in another one by now.
 */
const ENQUEUE = `
  INSERT INTO outbox (message_key, lane, kind, subject_id, thread_of, revision, relaxed, state, queued_at_ms)
  VALUES (:messageKey, coalesce((SELECT lane FROM outbox WHERE message_key = :threadOf), :lane), :kind, :subjectId, :threadOf, max(1, :revision), :relaxed, 'pending', :nowMs)
  ON CONFLICT (message_key) DO UPDATE SET
    revision      = max(revision + 1, excluded.revision),
    relaxed       = CASE WHEN state = 'sent' THEN excluded.relaxed ELSE min(relaxed, excluded.relaxed) END,
    queued_at_ms  = CASE WHEN state = 'sent' THEN excluded.queued_at_ms ELSE queued_at_ms END,
    not_before_ms = CASE WHEN state = 'sent' THEN 0 ELSE not_before_ms END,
    state         = CASE WHEN state = 'sent' THEN 'pending' ELSE state END`

/** Puts on the outbox that something is to be said. Part of the caller's transaction. */
export function enqueue(db: Database, intents: Iterable<Intent>, nowMs: number): void {
  for (const intent of intents) {
    db.run(ENQUEUE, {
      messageKey: intent.messageKey,
      lane: intent.lane,
      kind: intent.kind,
      subjectId: intent.subjectId,
      threadOf: intent.threadOf,
      revision: intent.revision,
      relaxed: intent.relaxed ?? false,
      nowMs,
    })
  }
}
