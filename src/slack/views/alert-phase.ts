import { OLD_VALUE_FOR_MS } from '../../incidents/hit-and-change.ts'
import type { Incident, LastChange } from '../../incidents/incident.ts'
import type { Remediation } from '../../remediation/remediation.ts'
import type { AlertSubject } from '../desk.ts'

/** What an alert is about at this moment; each has a face of its own. */
export type AlertPhase =
  | 'refusing'
  | 'unconfirmed'
  | 'snoozed'
  | 'dismissed'
  | 'resolved'
  | 'in-progress'
  | 'applied'
  /** Applied, and the new limit is reached as well. */
  | 'reached-again'
  | 'rolled-back'
  | 'refused'
  | 'restored'
  | 'needs-operator'

export function alertPhase(subject: AlertSubject): AlertPhase {
  const { incident } = subject
  const newest = subject.remediations[0]
  // Work under way and work for a person outrank whatever was said about the incident.
  if (newest?.state === 'approved' || newest?.state === 'applying') return 'in-progress'
  if (newest?.state === 'needs_operator') return 'needs-operator'
  if (incident.state === 'resolved' || incident.state === 'dismissed') return incident.state
  if (incident.state === 'snoozed') return 'snoozed'
  return (
    afterWork(newest, incident, subject.overtakenBy) ?? (isUnconfirmed(subject) ? 'unconfirmed' : 'refusing')
  )
}

export function isUnconfirmed(subject: AlertSubject): boolean {
  return subject.incident.advice?.diagnosis.kind === 'unconfirmed'
}

function afterWork(
  newest: Remediation | undefined,
  incident: Incident,
  later: LastChange | undefined,
): AlertPhase | undefined {
  switch (newest?.state) {
    case 'verifying':
    case 'succeeded': {
      const { verification } = newest
      const { change } = incident
      // Of this incident alone: another user who reaches the new value has an alert, too.
      const reached = incident.hitsAtNewValue > 0 && (change?.remediationId ?? newest.id) === newest.id
      // Refused at yet another value: somebody else changed it since, and what was done is history.
      const isHistory =
        verification !== undefined && incident.lastHitAtMs > verification.startedAtMs + OLD_VALUE_FOR_MS
      if (newest.kind === 'rollback') return reached || isHistory ? undefined : 'rolled-back'
      const lowered = later !== undefined && later.newValue < newest.plan.newValue
      if (reached && !lowered) return 'reached-again'
      if (isHistory) return undefined
      return lowered ? 'rolled-back' : 'applied'
    }
    case 'refused':
    case 'restored':
      return newest.state
    default:
      return undefined
  }
}

/** The proposal that a click may approve now. */
export function openProposal(subject: AlertSubject): Remediation | undefined {
  const { proposal } = subject
  if (proposal?.state !== 'proposed' || subject.nowMs >= proposal.expiresAtMs) return undefined
  return proposal
}

/** A rollback that waits for a decision: it is shown whatever became of the incident, since its reason is the change. */
export function openRollback(subject: AlertSubject): Remediation | undefined {
  const proposal = openProposal(subject)
  return proposal?.kind === 'rollback' && alertPhase(subject) !== 'in-progress' ? proposal : undefined
}

/** The raise that can be rolled back from the alert: what a later change covers, the host would not. */
export function reversible(subject: AlertSubject): Remediation | undefined {
  const newest = subject.remediations[0]
  if (newest?.kind !== 'raise' || subject.overtakenBy !== undefined) return undefined
  return newest.state === 'verifying' || newest.state === 'succeeded' ? newest : undefined
}
