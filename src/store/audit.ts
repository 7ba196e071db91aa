import type { AuditEntry } from '../remediation/remediation-store.ts'
import { optionalText } from './columns.ts'
import type { Database } from './database.ts'

const ADD_ENTRY = `
  INSERT INTO audit (at_ms, actor, event, subject_id, host, detail)
  VALUES (:atMs, :actor, :event, :subjectId, :host, :detail)`

const ENTRIES_AFTER = `SELECT * FROM audit WHERE id > :id ORDER BY id LIMIT :limit`

export function addAudit(db: Database, entries: readonly AuditEntry[]): void {
  for (const { detail, ...entry } of entries) db.run(ADD_ENTRY, { ...entry, detail: JSON.stringify(detail) })
}

export function auditAfter(
  db: Database,
  id: number,
  limit: number,
): ReadonlyArray<AuditEntry & { readonly id: number }> {
  return db.all(ENTRIES_AFTER, { id, limit }).map((row) => ({
    id: Number(row['id']),
    atMs: Number(row['at_ms']),
    actor: String(row['actor']),
    event: String(row['event']),
    subjectId: String(row['subject_id']),
    host: optionalText(row['host']),
    detail: JSON.parse(String(row['detail'])),
  }))
}
