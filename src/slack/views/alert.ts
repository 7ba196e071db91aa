import type { LastChange } from '../../incidents/incident.ts'
import type { Remediation } from '../../remediation/remediation.ts'
import type { AlertSubject } from '../desk.ts'
import { inert } from '../inert.ts'
import { alertButtons } from './alert-buttons.ts'
import { type AlertPhase, alertPhase, openProposal, openRollback } from './alert-phase.ts'
import { hitBreakdown } from './hit-breakdown.ts'
import { hostNow } from './host-now.ts'
import { type Page, type Piece, small, text } from './piece.ts'
import { planPieces } from './plan.ts'
import { sinceThen } from './since-then.ts'
import { code, given, join, people, person, said, type Sentence, type Span, strong, time } from './span.ts'
import { limitText, times } from './wording.ts'

/** The message of an incident, in every state that it can be in. */
export function alertPage(subject: AlertSubject): Page {
  const { incident } = subject
  const phase = alertPhase(subject)
  const face = faces[phase]
  const buttons = alertButtons(subject)
  const whom: readonly Span[] = [
    given(incident.user, 80),
    said(' · '),
    given(incident.service, 40),
    said(' on '),
    given(incident.host, 80),
  ]
  return {
    summary: [
      said(`${face.sign} ${face.words}: `),
      ...whom,
      said('. '),
      ...statusWithoutPeople(subject, phase),
    ],
    pieces: [
      { kind: 'header', text: headline(subject, phase) },
      text(...hitsSentence(subject)),
      ...statusPieces(subject, phase),
      hitBreakdown(incident.lastHit),
      { kind: 'details', title: 'The log line', text: incident.lastHit.raw },
      ...(quietPhases.has(phase) ? [] : hostNow(incident, subject.nowMs)),
      ...proposalPieces(subject, phase),
      { kind: 'buttons', buttons },
    ],
  }
}

/** The user comes first: it tells two alerts of one host apart. */
function headline({ incident }: AlertSubject, phase: AlertPhase): string {
  const { sign, words } = faces[phase]
  const user = incident.user === '' ? '(empty)' : inert(incident.user, 70)
  return `${sign} ${words}: ${user}, ${inert(incident.service, 20)} on ${inert(incident.host, 40)}`
}

const faces: Readonly<Record<AlertPhase, { readonly sign: string; readonly words: string }>> = {
  refusing: { sign: '🔴', words: 'Logins refused' },
  unconfirmed: { sign: '🟡', words: 'Unconfirmed' },
  snoozed: { sign: '⚪', words: 'Snoozed' },
  dismissed: { sign: '⚪', words: 'Dismissed' },
  resolved: { sign: '🟢', words: 'Resolved' },
  'in-progress': { sign: '🔵', words: 'Being changed' },
  applied: { sign: '🟢', words: 'Limit raised' },
  'reached-again': { sign: '🔴', words: 'New limit reached too' },
  'rolled-back': { sign: '🟠', words: 'Rolled back' },
  refused: { sign: '🟠', words: 'Host refused the change' },
  restored: { sign: '🟠', words: 'Change put back' },
  'needs-operator': { sign: '🆘', words: 'Needs an operator' },
}

/** Nothing more is asked of anybody: the host's state of then would only be in the way. */
const quietPhases: ReadonlySet<AlertPhase> = new Set(['dismissed', 'resolved', 'in-progress'])

function hitsSentence({ incident }: AlertSubject): Sentence {
  const { hits } = incident
  const when: readonly Span[] =
    // As the times are shown, to the second.
    Math.floor(incident.firstHitAtMs / 1000) === Math.floor(incident.lastHitAtMs / 1000)
      ? [said(' at '), time(incident.firstHitAtMs)]
      : [said(' between '), time(incident.firstHitAtMs), said(' and '), time(incident.lastHitAtMs)]
  return [
    code(incident.user, 100),
    said(' was refused '),
    strong(times(hits)),
    ...when,
    said(' from '),
    code(incident.client, 60),
    said(
      incident.limit === undefined
        ? ': the limit on connections per user and address was reached.'
        : `: the limit of ${incident.limit} connections per user and address was reached.`,
    ),
  ]
}

/** Each sentence about people stands by itself, without anything from outside, so that every form can name them. */
function statusPieces(subject: AlertSubject, phase: AlertPhase): readonly Piece[] {
  const pieces: Piece[] = []
  const words = statusWithoutPeople(subject, phase)
  if (words.length > 0) pieces.push(text(...words))
  const by = whoDecided(subject, phase)
  if (by.length > 0) pieces.push(small(...by))
  if (subject.nobodyCanApprove) {
    pieces.push(
      text(
        strong('Nobody can approve here: '),
        said('no approvers are set (SLACK_APPROVERS), or this channel is shared with another organisation.'),
      ),
    )
  }
  return pieces
}

function statusWithoutPeople(subject: AlertSubject, phase: AlertPhase): Sentence {
  const { incident, overtakenBy } = subject
  const newest = subject.remediations[0]
  const values =
    newest === undefined
      ? ''
      : `from ${limitText(newest.plan.oldValue)} to ${limitText(newest.plan.newValue)}`
  switch (phase) {
    case 'refusing':
      return waitingPlan(subject)
    case 'unconfirmed':
      return [
        said(
          'The host shows no sessions that fit this line. Any local account of the host can write such a line, so there is no raise to click.',
        ),
      ]
    case 'snoozed':
      return incident.snoozedUntilMs === undefined
        ? [said('Snoozed; refused logins are still counted.')]
        : [said('Snoozed until '), time(incident.snoozedUntilMs), said('; refused logins are still counted.')]
    case 'dismissed':
      return [said('Dismissed; refused logins are still counted.')]
    case 'resolved':
      return incident.resolvedAtMs === undefined
        ? [said('Resolved.')]
        : [
            said('Resolved at '),
            time(incident.resolvedAtMs),
            said(', after a quiet time.'),
            ...keptValue(newest, overtakenBy),
          ]
    case 'in-progress':
      return [
        said(
          `${newest?.kind === 'rollback' ? 'Rolling back' : 'Raising'} ${values}: the thread shows each step.`,
        ),
      ]
    case 'applied':
      return overtakenBy === undefined
        ? [said(`The limit was raised ${values} and is in force.`), ...watching(newest)]
        : join([said(`The limit was raised ${values}.`)], sinceThen(overtakenBy))
    case 'reached-again':
      return join(
        [
          said(
            `The limit was raised ${values}, and logins are refused at the new value as well. Look at the cause before raising again.`,
          ),
        ],
        sinceThen(overtakenBy),
      )
    case 'rolled-back':
      return join(
        [said(`The limit was ${newest?.kind === 'raise' ? 'raised' : 'rolled back'} ${values}.`)],
        sinceThen(overtakenBy),
      )
    case 'refused':
      return [
        said('The host refused the change; nothing was changed. The thread says why.'),
        ...because(newest),
      ]
    case 'restored':
      return [
        said('The change failed on the host and was put back; the old limit is in force.'),
        ...because(newest),
      ]
    case 'needs-operator':
      return [
        said('It is not certain what the host has now. A person has to look; the thread has the commands.'),
        ...because(newest),
      ]
  }
}

function waitingPlan(subject: AlertSubject): Sentence {
  const proposal = openProposal(subject)
  if (proposal === undefined || proposal.adviseOnly || subject.nobodyCanApprove) return []
  const what = proposal.kind === 'rollback' ? 'roll back' : 'raise'
  return [said(`A plan to ${what} to ${limitText(proposal.plan.newValue)} waits for approval.`)]
}

function watching(newest: Remediation | undefined): Sentence {
  if (newest?.state !== 'verifying' || newest.verification === undefined) return []
  return [said(' It is being watched until '), time(newest.verification.untilMs), said('.')]
}

function keptValue(newest: Remediation | undefined, overtakenBy: LastChange | undefined): Sentence {
  if (newest?.kind !== 'raise' || newest.state !== 'succeeded') return []
  if (overtakenBy !== undefined) return [said(' '), ...sinceThen(overtakenBy)]
  return [said(` The limit stays at ${newest.plan.newValue}; to undo: /maillimit rollback ${newest.id}`)]
}

function because(newest: Remediation | undefined): Sentence {
  return newest?.explanation === undefined ? [] : [said(' '), given(newest.explanation, 600)]
}

function whoDecided({ incident, remediations }: AlertSubject, phase: AlertPhase): Sentence {
  if (phase === 'snoozed' || phase === 'dismissed') {
    return incident.handledBy === undefined ? [] : [said('By '), person(incident.handledBy), said('.')]
  }
  const approvals = remediations[0]?.approvals ?? []
  if (approvals.length === 0 || phase === 'refusing' || phase === 'unconfirmed') return []
  return [said('Approved by '), ...people(approvals), said('.')]
}

function proposalPieces(subject: AlertSubject, phase: AlertPhase): readonly Piece[] {
  const { proposal } = subject
  const undoing = openRollback(subject)
  if (undoing !== undefined) return [{ kind: 'divider' }, ...planPieces(undoing, subject.nowMs)]
  if (proposal === undefined || quietPhases.has(phase) || phase === 'needs-operator') return []
  // A plan that was carried out is the thread's story; a plan that nobody may click on an unconfirmed hit would only tempt.
  if (phase === 'unconfirmed' || !['proposed', 'expired', 'superseded', 'rejected'].includes(proposal.state))
    return []
  return [{ kind: 'divider' }, ...planPieces(proposal, subject.nowMs)]
}
