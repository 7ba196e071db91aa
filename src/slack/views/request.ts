import type { Remediation } from '../../remediation/remediation.ts'
import type { ChangeSubject } from '../desk.ts'
import { decisionButtons } from './alert-buttons.ts'
import { type Page, type Piece, small, text } from './piece.ts'
import { planPieces } from './plan.ts'
import { endSigns, endWords } from './remediation.ts'
import { sinceThen } from './since-then.ts'
import { given, person, said, type Span } from './span.ts'
import { limitText } from './wording.ts'

/** A change that somebody asked for without an incident: the plan with its decision. */
export function requestPage({ remediation, overtakenBy }: ChangeSubject, nowMs: number): Page {
  const { plan } = remediation
  const verb = remediation.kind === 'rollback' ? 'Roll back' : 'Raise'
  const title = `${verb} ${remediation.service} on ${remediation.host} to ${limitText(plan.newValue)}`
  const open = remediation.state === 'proposed' && nowMs < remediation.expiresAtMs
  const what: readonly Span[] = [given(title, 140)]
  return {
    summary: [said(open ? 'Waiting for approval: ' : `${endWords[remediation.state]}: `), ...what],
    pieces: [
      { kind: 'header', text: `${open ? '🔵' : endSigns[remediation.state]} ${title}` },
      ...(open ? [] : [text(said(`${endWords[remediation.state]}.`), ...explanation(remediation))]),
      ...(overtakenBy === undefined ? [] : [text(...sinceThen(overtakenBy))]),
      ...asker(remediation),
      ...planPieces(remediation, nowMs),
      { kind: 'buttons', buttons: buttons(remediation, open, overtakenBy !== undefined) },
    ],
  }
}

function buttons(
  remediation: Remediation,
  open: boolean,
  overtaken: boolean,
): ReturnType<typeof decisionButtons> {
  if (open) return remediation.adviseOnly ? [] : decisionButtons(remediation)
  const done = remediation.state === 'verifying' || remediation.state === 'succeeded'
  return done && remediation.kind === 'raise' && !overtaken
    ? [{ action: 'rollback', label: 'Roll back', value: remediation.id }]
    : []
}

function asker({ requestedBy }: Remediation): readonly Piece[] {
  return requestedBy === undefined ? [] : [small(said('Asked for by '), person(requestedBy), said('.'))]
}

function explanation(remediation: Remediation): readonly Span[] {
  return remediation.explanation === undefined ? [] : [said(' '), given(remediation.explanation, 800)]
}
