import type { Plan, TranscriptEnd, TranscriptRecord } from './mail-host.ts'

/** One change of one host, from the plan to its end. */
export type Remediation = {
  readonly id: string
  readonly kind: 'raise' | 'rollback'
  readonly host: string
  readonly service: string
  /** The client address that the plan was judged for. */
  readonly client: string | undefined
  /** The incident on whose alert it stands; without one it has a message of its own. */
  readonly incidentId: string | undefined
  /** Rollback: the remediation whose work is undone. */
  readonly of: string | undefined
  readonly state: RemediationState
  readonly plan: Plan
  /** The host plans but does not let itself be changed: no button. */
  readonly adviseOnly: boolean
  /** A Slack user id; undefined when the bot proposed it by itself. */
  readonly requestedBy: string | undefined
  readonly approvals: readonly Approval[]
  readonly approvalsRequired: number
  readonly proposedAtMs: number
  readonly expiresAtMs: number
  readonly records: readonly TranscriptRecord[]
  readonly end: TranscriptEnd | undefined
  readonly verification: Verification | undefined
  /** Of `rejected`, `superseded`, `needs_operator`…: why, as a sentence. */
  readonly explanation: string | undefined
  readonly finishedAtMs: number | undefined
  readonly revision: number
}

export type RemediationState =
  | 'proposed'
  | 'approved'
  | 'applying'
  | 'verifying'
  | 'succeeded'
  | 'rejected'
  | 'expired'
  | 'superseded'
  | 'refused'
  | 'restored'
  | 'needs_operator'

export type Approval = { readonly by: string; readonly atMs: number }

/** The watch after the reload. */
export type Verification = {
  readonly startedAtMs: number
  readonly untilMs: number
  readonly effectiveValue: number | undefined
  /** Hits of all users that carry the new value since the reload: a finding, never a reason to roll back by itself. */
  readonly hitsAtNewValue: number
  /** Hits of all users that carry the old value: connections from before the reload (up to 3 minutes). */
  readonly hitsAtOldValue: number
}
