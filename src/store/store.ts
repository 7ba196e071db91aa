import type { Fold } from '../incidents/fold.ts'
import type { Advice, Incident, IncidentKey } from '../incidents/incident.ts'
import type { Notice, NoticeNews } from '../incidents/notice.ts'
import type { Reason } from '../incidents/reason.ts'
import type { LimitHit } from '../dovecot/limit-hit.ts'
import type { Cursor } from '../logs/cursor.ts'
import type { OutboxStore } from '../outbox/outbox-store.ts'
import type { Click } from '../remediation/click.ts'
import type { AuditEntry, Effects, RemediationStore } from '../remediation/remediation-store.ts'
import type { Remediation } from '../remediation/remediation.ts'

/** Everything that survives a restart. Each method is one atomic transaction; faults are `OpsError`. */
export type Store = HitStore &
  IncidentStore &
  RemediationStore &
  OutboxStore &
  NoticeStore &
  ClickStore &
  Upkeep & {
    /** The remediations of an incident, newest first. */
    remediationsOf(incidentId: string): Promise<readonly Remediation[]>
    /** The audit, oldest first, for export. */
    auditAfter(id: number, limit: number): Promise<ReadonlyArray<AuditEntry & { readonly id: number }>>
    close(): void
  }

export type HitStore = {
  cursor(host: string): Promise<Cursor | undefined>
  /** An anchor or a beat: everything up to here was looked at. */
  saveCursor(host: string, cursor: Cursor): Promise<void>
  /**
   * The hits of some lines and the position just after them, with all that follows from them: incidents, what is to be said, audit.
   * A hit whose event is known already, or whose whole line with its login session, changes nothing.
   */
  recordHits(
    host: string,
    cursor: Cursor,
    hits: readonly ObservedHit[],
    fold: Fold,
    setting: FoldSetting,
  ): Promise<RecordedHits>
  /** Lines that nobody will ever read: the position behind them, and the notice, together. */
  recordGap(host: string, cursor: Cursor, news: NoticeNews, lane: string): Promise<Notice>
  /** Stored hits of a host and service since, by the limit that they name. */
  hitsByLimit(
    host: string,
    service: string,
    sinceMs: number,
    untilMs?: number,
  ): Promise<ReadonlyArray<{ readonly limit: number | undefined; readonly hits: number }>>
  /** Refused logins of an incident, newest first, at most `limit`. */
  refusals(
    incidentId: string,
    limit: number,
  ): Promise<ReadonlyArray<{ readonly atMs: number; readonly limit: number | undefined }>>
  /** How many users but this one were refused at the same client of a host since. */
  otherUsersRefused(host: string, client: string, user: string, sinceMs: number): Promise<number>
  /** Whether anything was refused for this user, client and service of a host in this time, in whichever incident. */
  wasRefused(key: IncidentKey, sinceMs: number, untilMs: number): Promise<boolean>
  /** Hits of a user since, by host, service and client, newest first. */
  hitsOfUser(user: string, sinceMs: number): Promise<readonly HitCount[]>
}

/** `eventId` names the line for ever. */
export type ObservedHit = { readonly eventId: string; readonly hit: LimitHit }

export type FoldSetting = {
  readonly nowMs: number
  readonly lane: string
  readonly quietAfterMs: number
  /** The host's clock minus ours, as `hello` found it. */
  readonly clockOffsetMs: number
  readonly newId: () => string
}

export type RecordedHits = {
  /** Hits that were new. */
  readonly stored: number
  /** Hits that were known already. */
  readonly repeated: number
  readonly reasons: ReadonlyMap<Reason, number>
  /** The incidents that changed, as they stand now, each with the reasons why. */
  readonly incidents: ReadonlyArray<{ readonly incident: Incident; readonly reasons: ReadonlySet<Reason> }>
}

type HitCount = {
  readonly host: string
  readonly service: string
  readonly client: string
  readonly hits: number
  readonly lastAtMs: number
}

export type IncidentStore = {
  incident(id: string): Promise<Incident | undefined>
  /** Not resolved, newest hit first. */
  openIncidents(filter?: { readonly host?: string; readonly user?: string }): Promise<readonly Incident[]>
  /** Compare and set: stores `next` when the stored revision is still `expectedRevision`, otherwise changes nothing. */
  advanceIncident(expectedRevision: number, next: Incident, effects: Effects): Promise<'done' | 'changed'>
  /** Puts what the host said beside the incident, and its alert on the outbox. `absent`: there is no such incident, or it is resolved. */
  saveAdvice(incidentId: string, advice: Advice, lane: string): Promise<'done' | 'absent'>
  away(id: string): Promise<AwayHits | undefined>
}

/** What the `away` message shows; at most 50 users, the most hits first. */
export type AwayHits = {
  readonly host: string
  readonly hits: number
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly users: ReadonlyArray<{
    readonly user: string
    readonly service: string
    readonly client: string
    readonly hits: number
  }>
}

export type NoticeStore = {
  /** `fresh`: there was none open, so a message will be posted. The same words again change nothing. */
  openNotice(news: NoticeNews, lane: string): Promise<{ readonly notice: Notice; readonly fresh: boolean }>
  /** Undefined: none was open. */
  endNotice(host: string, code: string): Promise<Notice | undefined>
  notice(id: string): Promise<Notice | undefined>
  openNotices(): Promise<readonly Notice[]>
}

export type ClickStore = {
  recordClick(click: Click): Promise<'new' | 'repeated'>
  /** It was acted upon, or refused; `outcome` is the code of the reply. */
  finishClick(key: string, outcome: string): Promise<void>
  /** Oldest first. */
  unfinishedClicks(): Promise<readonly Click[]>
}

export type Upkeep = {
  /** At start: what was never posted goes to this lane, since SLACK_CHANNEL may have been a wrong one. Returns how many messages moved. */
  moveUnposted(lane: string): Promise<number>
  /** The earliest instant at which `due` will have something; undefined while nothing waits. */
  nextDue(quietAfterMs: number): Promise<number | undefined>
  due(nowMs: number, quietAfterMs: number): Promise<Due>
  /**
   * Forgets names and addresses that are older than `beforeMs`, and single hits that nothing asks for any more; counts, ids and decisions
   * stay. Works in small steps; says what it did.
   */
  forget(beforeMs: number): Promise<{ readonly hits: number; readonly incidents: number }>
}

/** What has come due, at most 200 of each. */
type Due = {
  /** Quiet for long enough, or at the end of a snooze. */
  readonly incidents: readonly Incident[]
  /** Proposals that have expired. */
  readonly proposals: readonly Remediation[]
  /** Changes whose watch has ended. */
  readonly verifications: readonly Remediation[]
  /** Open notices, storms among them, that are over by themselves. */
  readonly notices: readonly Notice[]
}
