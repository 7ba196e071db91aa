import type { Person } from './person.ts'
import type { Remediation } from './remediation.ts'

/** What a person may ask for; `read` is for the commands that only show. */
export type Act = 'read' | 'approve' | 'reject' | 'raise' | 'rollback' | 'snooze' | 'dismiss' | 'look-again'

export type Verdict = { readonly kind: 'allowed' } | Refusal

/** `code` labels audit and metrics, `text` is for the person, `decidedBy` is whose approval came first. */
type Refusal = {
  readonly kind: 'refused'
  readonly code: string
  readonly text: string
  readonly decidedBy?: string | undefined
}

const ALLOWED: Verdict = { kind: 'allowed' }

/** Whether this person may do this at all. Pure, fail-closed: whatever is not known is refused. */
export function mayAct(person: Person, act: Act): Verdict {
  switch (person.standing) {
    case 'member':
      break
    case 'guest':
      return refused('guest', 'Guests of this workspace cannot use maillimit.')
    case 'stranger':
      return refused(
        'stranger',
        'Only people of this workspace can use maillimit; your account belongs to another one.',
      )
    case 'bot':
      return refused('bot', 'Bots cannot use maillimit.')
    case 'deactivated':
      return refused('deactivated', 'This account is deactivated.')
    default:
      return refused(
        'unknown-person',
        'Slack did not say who you are, so the answer is no. Nothing was changed. Try again in a minute.',
      )
  }
  if (!person.isReader) return refused('not-in-channel', 'Only members of the ops channel can use maillimit.')
  if (act === 'read') return ALLOWED
  if (!person.isApprover) {
    return refused(
      'not-approver',
      'Only approvers can do this, so nothing was changed. They are listed in the setting SLACK_APPROVERS; in a channel that is shared with another organisation nobody can.',
    )
  }
  return ALLOWED
}

/** Whether this person's approval of this remediation counts now. The person may act; see `mayAct`. */
export function mayApprove(person: Person, remediation: Remediation, nowMs: number): Verdict {
  const verdict = mayAct(person, 'approve')
  if (verdict.kind === 'refused') return verdict
  const decided = alreadyDecided(remediation)
  if (decided !== undefined) return decided
  if (nowMs >= remediation.expiresAtMs) return expired(remediation)
  if (remediation.adviseOnly) {
    return refused(
      'advise-only',
      'This host shows plans but does not let itself be changed. Nothing was changed.',
    )
  }
  if (remediation.approvals.some((approval) => approval.by === person.id)) {
    return refused('approved-by-you', 'You approved this already; another approver has to agree.')
  }
  if (remediation.approvalsRequired > 1 && remediation.requestedBy === person.id) {
    return refused('own-request', 'You asked for this change, so somebody else has to approve it.')
  }
  return ALLOWED
}

/** Which earlier approvals count no more, now that their givers were looked up again. Of whom nothing is known, the answer is no. */
export function lapsedApprovals(
  givers: readonly Person[],
): Refusal | { readonly kind: 'lapsed'; readonly ids: readonly string[] } {
  if (givers.some(({ standing }) => standing === 'unknown')) {
    return refused(
      'unknown-person',
      'Slack did not say whether those who approved before still may, so the answer is no. Nothing was changed. Try again in a minute.',
    )
  }
  const lapsed = givers.filter((giver) => mayAct(giver, 'approve').kind === 'refused')
  return { kind: 'lapsed', ids: lapsed.map(({ id }) => id) }
}

function alreadyDecided(remediation: Remediation): Verdict | undefined {
  const by = remediation.approvals.at(-1)?.by
  switch (remediation.state) {
    case 'proposed':
      return undefined
    case 'approved':
    case 'applying':
      return refused('already-decided', 'It was approved already and is being carried out.', by)
    case 'verifying':
    case 'succeeded':
      return refused('already-decided', 'It was approved already and is done.', by)
    case 'expired':
      return expired(remediation)
    case 'superseded':
      return refused(
        'superseded',
        `This plan was taken back. ${remediation.explanation ?? 'A newer plan took its place.'} Nothing was changed.`,
      )
    case 'rejected':
      return refused('already-decided', 'This plan was rejected.')
    case 'refused':
    case 'restored':
    case 'needs_operator':
      return refused(
        'already-decided',
        'It was approved already and did not take effect; the thread says why.',
        by,
      )
  }
}

/** Only an alert has a button to look again. */
function expired({ kind, incidentId }: Remediation): Verdict {
  const next =
    incidentId === undefined || kind === 'rollback' ? 'Ask for it again.' : 'Use Look again for a new one.'
  return refused('expired', `This plan has expired. Nothing was changed. ${next}`)
}

function refused(code: string, text: string, decidedBy?: string): Refusal {
  return { kind: 'refused', code, text, decidedBy }
}
