import type { Intent } from '../outbox/intent.ts'
import type { LastChange } from '../incidents/incident.ts'
import type { Remediation } from './remediation.ts'

/** What goes into the audit with a change of state; exportable, never edited. */
export type AuditEntry = {
  readonly atMs: number
  /** A Slack user id, or 'maillimit'. */
  readonly actor: string
  /** In the past tense: `approved`, `refused-click`, `applied` … */
  readonly event: string
  readonly subjectId: string
  readonly host: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

export type Effects = { readonly intents: readonly Intent[]; readonly audit: readonly AuditEntry[] }

/** Each method is one transaction. */
export type RemediationStore = {
  /** Stores a new proposal and marks every other `proposed` remediation of the same incident as `superseded` (their messages get new revisions). */
  propose(remediation: Remediation, effects: Effects): Promise<void>
  remediation(id: string): Promise<Remediation | undefined>
  /**
   * Compare and set: stores `next` when the stored revision is still `expectedRevision`, otherwise changes nothing. With a change that was
   * proven just now, the messages of a former change of the same limit get new revisions, unless they are a week old: what they tell of is not in force any more.
   */
  advance(expectedRevision: number, next: Remediation, effects: Effects): Promise<'done' | 'changed'>
  /** Everything in `approved`, `applying` or `verifying`. */
  unfinished(): Promise<readonly Remediation[]>
  /** Everything in `proposed`, of one host and service or of all, with or without an incident. */
  proposals(host?: string, service?: string): Promise<readonly Remediation[]>
  /** The newest change of a host and service that was proven, also a rolled-back one. */
  lastChange(host: string, service: string): Promise<LastChange | undefined>
  /** How many hits of this host and service were stored since, by the limit that they name. */
  hitsByLimit(
    host: string,
    service: string,
    sinceMs: number,
    untilMs?: number,
  ): Promise<ReadonlyArray<{ readonly limit: number | undefined; readonly hits: number }>>
  /** What was decided, newest first: neither open proposals nor those that fell away undecided. */
  history(filter: {
    readonly user?: string
    readonly host?: string
    readonly limit: number
  }): Promise<readonly Remediation[]>
  audit(entry: AuditEntry): Promise<void>
}
