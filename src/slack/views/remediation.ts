import type { Notice, TranscriptRecord } from '../../remediation/mail-host.ts'
import type { Remediation, RemediationState } from '../../remediation/remediation.ts'
import type { ChangeSubject } from '../desk.ts'
import { type Page, type Piece, small, text } from './piece.ts'
import { diffText, notice } from './plan.ts'
import { sinceThen } from './since-then.ts'
import { code, given, people, said, type Sentence, strong, time } from './span.ts'
import { transcriptSteps } from './transcript-steps.ts'
import { count, limitText } from './wording.ts'

/** How a remediation stands, in a word or two that begin a sentence. */
export const endWords: Readonly<Record<RemediationState, string>> = {
  proposed: 'Expired',
  approved: 'Approved',
  applying: 'Being carried out',
  verifying: 'Done, being watched',
  succeeded: 'Done',
  rejected: 'Rejected',
  expired: 'Expired',
  superseded: 'Replaced by a newer plan',
  refused: 'Refused by the host, nothing was changed',
  restored: 'Failed and put back, the old limit is in force',
  needs_operator: 'Needs an operator',
}

/** The steps as they happen: a thread message that is edited with each one. */
export function remediationPage(remediation: Remediation): Page {
  const title = `${remediation.kind === 'rollback' ? 'Roll back' : 'Raise'} ${change(remediation)}`
  const steps = transcriptSteps(remediation)
  return {
    summary: [given(title, 200), said(`: ${endWords[remediation.state].toLowerCase()}`)],
    pieces: [
      ...(steps.length === 0 ? [text(given(title, 200))] : [{ kind: 'steps', title, steps } as const]),
      ...transcriptDiff(remediation.records),
      ...approvedBy(remediation),
    ],
  }
}

/** How it ended, and what the watch after the reload has seen. */
export function outcomePage({ remediation, overtakenBy }: ChangeSubject): Page {
  const { state } = remediation
  const head: Sentence = [
    strong(`${endSigns[state]} ${endWords[state]}: `),
    given(change(remediation), 160),
    said('.'),
  ]
  const stop = remediation.records.filter(
    (record): record is { kind: 'notice' } & Notice => record.kind === 'notice',
  )
  return {
    summary: head,
    pieces: [
      text(...head),
      ...(remediation.explanation === undefined ? [] : [text(given(remediation.explanation, 1500))]),
      ...hostCode(remediation),
      // The last ones say how it ended and what to do.
      ...stop.slice(-6).map((record) => text(...notice(record))),
      ...verification(remediation),
      ...(overtakenBy === undefined ? nextStep(remediation) : [text(...sinceThen(overtakenBy))]),
    ],
  }
}

/** Its colour. */
export const endSigns: Readonly<Record<RemediationState, string>> = {
  proposed: '⚪',
  approved: '🔵',
  applying: '🔵',
  verifying: '🟢',
  succeeded: '🟢',
  rejected: '⚪',
  expired: '⚪',
  superseded: '⚪',
  refused: '🟠',
  restored: '🟠',
  needs_operator: '🆘',
}

function change({ service, host, plan }: Remediation): string {
  return `${service} on ${host} from ${limitText(plan.oldValue)} to ${limitText(plan.newValue)}`
}

function transcriptDiff(records: readonly TranscriptRecord[]): readonly Piece[] {
  const diff = records.filter((record) => record.kind === 'diff')
  return diff.length === 0 ? [] : [{ kind: 'code', text: diffText({ diff }) }]
}

function approvedBy({ approvals, id }: Remediation): readonly Piece[] {
  const who: Sentence = approvals.length === 0 ? [] : [said('Approved by '), ...people(approvals), said('. ')]
  return [small(...who, said(`Change ${id}.`))]
}

function hostCode({ end }: Remediation): readonly Piece[] {
  if (end === undefined || !('code' in end)) return []
  return [small(said('The host answered: '), code(end.code, 60))]
}

function verification({ plan, verification: watch, state, service, host }: Remediation): readonly Piece[] {
  if (watch === undefined) return []
  const effective: Sentence =
    watch.effectiveValue === undefined
      ? [
          said(
            state === 'verifying'
              ? 'The host is being asked which limit new logins have.'
              : 'The limit in force is not known: the host did not say.',
          ),
        ]
      : watch.effectiveValue === plan.newValue
        ? [said(`New logins have the limit ${limitText(watch.effectiveValue)}, as planned.`)]
        : [
            said(
              `New logins have the limit ${limitText(watch.effectiveValue)}, not ${limitText(plan.newValue)} as planned: look at the host.`,
            ),
          ]
  const until: Sentence =
    state === 'verifying'
      ? [said('Watching until '), time(watch.untilMs), said('.')]
      : [said('The watch is over.')]
  const seen: Sentence[] = [effective]
  // The limit is everybody's, so these are everybody's, too: an alert counts its own user's.
  if (watch.hitsAtNewValue > 0) {
    seen.push([
      said(
        `${count(watch.hitsAtNewValue, 'login was', 'logins were')} refused at the new value as well, of all users of `,
      ),
      given(service, 40),
      said(' on '),
      given(host, 80),
      said(': look at the cause in their alerts before raising again.'),
    ])
  } else {
    seen.push([said('No login of any user was refused at the new value.')])
  }
  if (watch.hitsAtOldValue > 0) {
    seen.push([
      said(
        `${count(watch.hitsAtOldValue, 'refusal')} of all users at the old value: connections from before the reload, for up to 3 minutes.`,
      ),
    ])
  }
  return [{ kind: 'list', items: [...seen, until] }]
}

function nextStep(remediation: Remediation): readonly Piece[] {
  const { state, kind, id } = remediation
  if (kind === 'raise' && (state === 'verifying' || state === 'succeeded')) {
    return [small(said(`To undo: Roll back on the message above, or /maillimit rollback ${id}`))]
  }
  if (state === 'needs_operator') {
    return [text(said('Until somebody has looked, maillimit does not touch this again by itself.'))]
  }
  return []
}
