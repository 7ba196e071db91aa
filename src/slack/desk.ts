import type { Incident, LastChange } from '../incidents/incident.ts'
import type { Click, ClickCommand } from '../remediation/click.ts'
import type { EffectiveLimit } from '../remediation/mail-host.ts'
import type { Person, WhoIs } from '../remediation/person.ts'
import type { Remediation } from '../remediation/remediation.ts'

export type { Click, ClickCommand }

/** The port through which Slack reads what it shows. Implemented by `app/`; always the newest state. */
export type Subjects = {
  alert(incidentId: string): Promise<AlertSubject | undefined>
  remediation(id: string): Promise<ChangeSubject | undefined>
  notice(subjectId: string): Promise<HostNotice | undefined>
  away(subjectId: string): Promise<AwaySubject | undefined>
  /** As it is known without asking them; a host out of reach or a log at fault is tried again soon, for the next look. */
  hosts(): Promise<readonly HostState[]>
  /** `/maillimit status USER`: asks each host now; one entry a host, faults as text. A host out of reach is tried again soon. */
  userStatus(user: string): Promise<UserStatus>
  history(user: string | undefined): Promise<readonly Remediation[]>
  openIncidents(): Promise<readonly Incident[]>
}

export type AlertSubject = {
  readonly incident: Incident
  /** The plan that stands on the alert, whatever its state. */
  readonly proposal: Remediation | undefined
  /** The remediations of this incident that were approved, newest first. */
  readonly remediations: readonly Remediation[]
  /** The later change of the same limit, whoever asked for it, that took the place of what the newest of them set. */
  readonly overtakenBy: LastChange | undefined
  /** No approvers are set, or the channel is shared with another organisation (Slack Connect): no buttons. */
  readonly nobodyCanApprove: boolean
  /** The highest value that may be proposed: bounds the modal. */
  readonly limitMax: number
  /** For the "hits in the last minutes" figure. */
  readonly nowMs: number
}

/** A change as its own message and its thread show it. */
export type ChangeSubject = {
  readonly remediation: Remediation
  /** The later change of the same limit that took the place of what this one set. */
  readonly overtakenBy: LastChange | undefined
}

export type HostNotice = {
  readonly host: string
  readonly code: string
  readonly state: 'open' | 'over'
  readonly sinceMs: number
  readonly untilMs: number | undefined
  /** What is wrong and what to do, as sentences; may hold text from the host. */
  readonly text: string
  readonly hint: string | undefined
}

export type AwaySubject = {
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

export type HostState = {
  readonly name: string
  readonly state: 'following' | 'connecting' | 'unreachable' | 'refused' | 'fault'
  /** A sentence when the state is not `following`. */
  readonly detail: string | undefined
  readonly hint: string | undefined
  readonly sinceMs: number
  readonly dovecotVersion: string | undefined
  readonly logPath: string | undefined
  readonly lastLineAtMs: number | undefined
  readonly limits: readonly EffectiveLimit[]
  readonly changes: 'yes' | 'advise' | 'no' | undefined
  readonly maxLimit: number | undefined
  readonly openIncidents: number
}

export type UserStatus = {
  readonly user: string
  readonly nowMs: number
  readonly hosts: ReadonlyArray<{
    readonly host: string
    readonly fault: string | undefined
    readonly limits: readonly EffectiveLimit[]
    readonly connections: ReadonlyArray<{
      readonly service: string
      readonly ip: string
      readonly count: number
    }>
  }>
  readonly hits: ReadonlyArray<{
    readonly host: string
    readonly service: string
    readonly client: string
    readonly hits: number
    readonly lastAtMs: number
  }>
  readonly openIncidents: readonly Incident[]
}

/** The port to which Slack hands what people do. Implemented by `app/`. */
export type Actions = {
  /** Stores the click before it is acknowledged. `repeated`: the same click came a second time; do nothing. Keys are remembered for at least a day. */
  recordClick(click: Click): Promise<'new' | 'repeated'>
  /** Acts upon a stored click; the answer is shown to the person alone, if there is one. `whoIs`: for those who approved before. */
  act(click: Click, person: Person, whoIs: WhoIs): Promise<Reply>
  /** Clicks that were stored but not acted upon when the bot died: asked once at start. */
  unfinishedClicks(): Promise<readonly Click[]>
  /** A person was not let in (guest, stranger, not in the channel): for the audit. A recorded click is settled by it, as by `act`. */
  recordRefusal(refused: RefusedAct, why: string): Promise<void>
}

/** What app/ hands to Slack. */
export type SlackDesk = { readonly subjects: Subjects; readonly actions: Actions }

export type RefusedAct = {
  /** The key of the recorded click; undefined for what only reads, which is never recorded. */
  readonly key?: string
  readonly by: string
  readonly atMs: number
  readonly command: ClickCommand | ReadCommand
}

/** What only reads: `/maillimit status|hosts|history`, App Home, and opening a modal. */
export type ReadCommand = { readonly kind: 'status' | 'hosts' | 'history' | 'home' | 'open-modal' }

export type Reply =
  | { readonly kind: 'silent' }
  | { readonly kind: 'done'; readonly text: string }
  /** `code` labels the audit and metrics: `not-approver`, `already-decided`, `expired`, `superseded`, `host-moved-on` … */
  | {
      readonly kind: 'refused'
      readonly code: string
      readonly text: string
      /** Whose approval came first; a Slack user id. */
      readonly decidedBy?: string | undefined
    }
