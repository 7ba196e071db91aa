import type { Remediation } from '../../remediation/remediation.ts'
import type { AlertSubject } from '../desk.ts'
import {
  type AlertPhase,
  alertPhase,
  isUnconfirmed,
  openProposal,
  openRollback,
  reversible,
} from './alert-phase.ts'
import type { Button } from './piece.ts'
import { impactText } from './plan.ts'
import { limitText } from './wording.ts'

/** No button where a click could not do anything: decided, resolved, a plan that is only advised, or nobody to approve. */
export function alertButtons(subject: AlertSubject): readonly Button[] {
  const phase = alertPhase(subject)
  if (subject.nobodyCanApprove) return []
  const undoing = openRollback(subject)
  if (undoing !== undefined && !undoing.adviseOnly) return decisionButtons(undoing)
  if (closed.has(phase)) return []
  const { incident } = subject
  const quiet = [
    ...(phase === 'snoozed' ? [] : [button('snooze', 'Snooze', incident.id)]),
    button('dismiss', 'Dismiss', incident.id),
  ]
  const lookAgain = button('look-again', 'Look again', incident.id)
  const otherValue = button('other-value', 'Other value…', incident.id)
  const raised = reversible(subject)
  const proposal = openProposal(subject)

  // Such a host is changed by hand: the alert can see whether it was, and be quieted.
  if (proposal?.adviseOnly) return [lookAgain, ...quiet]
  if (phase === 'applied' && raised !== undefined) return [rollbackButton(raised)]
  const undo = raised === undefined ? [] : [rollbackButton(raised)]
  if (isUnconfirmed(subject)) return [lookAgain, ...undo, ...quiet]
  if (proposal !== undefined) return [raiseButton(proposal), otherValue, ...undo, ...quiet]
  // Without advice nothing is known yet that another look or another value could rest on.
  return incident.advice === undefined ? [...undo, ...quiet] : [lookAgain, otherValue, ...undo, ...quiet]
}

const closed: ReadonlySet<AlertPhase> = new Set(['in-progress', 'needs-operator', 'dismissed', 'resolved'])

/** Approve or reject, for a plan with a message of its own and for rollbacks. */
export function decisionButtons(proposal: Remediation): readonly Button[] {
  if (proposal.kind === 'raise') return [raiseButton(proposal), button('reject', 'Reject', proposal.id)]
  const { oldValue, newValue, impact } = proposal.plan
  return [
    {
      action: 'approve',
      label: `Roll back to ${limitText(newValue)}`,
      value: proposal.id,
      style: 'danger',
      confirm: {
        title: `Roll back to ${limitText(newValue)}?`,
        text: `${proposal.service} on ${proposal.host} goes from ${limitText(oldValue)} back to ${limitText(newValue)}. ${impactText(impact)}`,
        yes: 'Roll back',
        no: 'Cancel',
      },
    },
    button('reject', `Keep ${limitText(oldValue)}`, proposal.id),
  ]
}

function raiseButton(proposal: Remediation): Button {
  const { oldValue, newValue, impact } = proposal.plan
  return {
    action: 'approve',
    label: `Raise to ${newValue}`,
    value: proposal.id,
    style: 'primary',
    confirm: {
      title: `Raise to ${newValue}?`,
      text: `${proposal.service} on ${proposal.host} goes from ${limitText(oldValue)} to ${newValue}. ${impactText(impact)}`,
      yes: `Raise to ${newValue}`,
      no: 'Cancel',
    },
  }
}

function rollbackButton(raised: Remediation): Button {
  return button('rollback', 'Roll back', raised.id)
}

function button(action: Button['action'], label: string, value: string): Button {
  return { action, label, value }
}
