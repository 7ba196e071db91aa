import type { Impact, Notice, Plan } from '../../remediation/mail-host.ts'
import type { Remediation } from '../../remediation/remediation.ts'
import { type Piece, shown, small, text } from './piece.ts'
import { code, given, join, people, said, type Sentence, type Span, strong, time } from './span.ts'
import { count, fileLine, limitText } from './wording.ts'

const maxDiffLines = 24

/** The exact change, as it stands before the eyes of whoever approves it. */
export function planPieces(remediation: Remediation, nowMs: number): readonly Piece[] {
  const { plan } = remediation
  return [
    text(
      strong(plan.kind === 'rollback' ? 'Rollback plan: ' : 'Plan: '),
      given(remediation.service, 40),
      said(' on '),
      given(remediation.host, 80),
      said(` from ${limitText(plan.oldValue)} to ${limitText(plan.newValue)}, in `),
      code(fileLine(plan.where), 200),
    ),
    { kind: 'code', text: diffText(plan) },
    { kind: 'list', items: consequences(remediation) },
    ...fate(remediation, nowMs),
  ]
}

/** What the reload will do matters as long as somebody may decide; what the host warned of matters always. */
function consequences({ plan, state }: Remediation): readonly Sentence[] {
  const warnings = plan.notices.slice(0, 8).map(notice)
  return state === 'proposed'
    ? [[said(impactText(plan.impact))], ...processes(plan.impact), ...warnings]
    : warnings
}

/** `/etc/…/20-imap.conf`, then `+12  text` lines, as `diff` would say it. */
export function diffText(plan: Pick<Plan, 'diff'>): string {
  const { items, more } = shown(plan.diff, maxDiffLines)
  const lines: string[] = []
  let file = ''
  for (const line of items) {
    if (line.file !== file) lines.push(line.file)
    file = line.file
    lines.push(`${line.sign} ${String(line.line).padStart(4)}  ${line.text}`)
  }
  if (more > 0) lines.push(`… and ${count(more, 'more line')}`)
  return lines.length === 0 ? 'No line changes.' : lines.join('\n')
}

/** What the reload does to people who are connected now. */
export function impactText(impact: Impact): string {
  const { sessions, shutdownClients } = impact
  if (sessions === 0) return 'No session is live now, so the reload disconnects nobody.'
  if (shutdownClients === false) {
    const whom = sessions === undefined ? 'the live sessions' : `the ${count(sessions, 'live session')}`
    return `The reload leaves ${whom} alone (shutdown_clients = no).`
  }
  const verb = shutdownClients === undefined ? 'may' : 'will'
  if (sessions === undefined) {
    return `The reload ${verb} disconnect the live sessions, which reconnect by themselves; how many there are is not known.`
  }
  const back = sessions === 1 ? 'reconnects by itself' : 'reconnect by themselves'
  return `The reload ${verb} disconnect ${count(sessions, 'session')}, which ${back}.`
}

/** A warning, an advice or a refusal of the host, with file and line where it has them. */
export function notice(given_: Notice): Sentence {
  const sign = { warning: '⚠️ ', advise: 'ℹ️ ', refusal: '⛔ ' }[given_.severity]
  const where: readonly Span[] =
    given_.where === undefined ? [] : [code(fileLine(given_.where), 200), said(': ')]
  return [said(sign), ...where, given(given_.text, 600)]
}

function processes({ processCount, processLimit }: Impact): readonly Sentence[] {
  if (processCount === undefined || processLimit === undefined) return []
  return [[said(`Processes of the service: ${processCount} of ${processLimit}.`)]]
}

/** Whether it can still be approved, and if not, why. */
function fate(remediation: Remediation, nowMs: number): readonly Piece[] {
  const id: Sentence = [said(`Plan ${remediation.id}.`)]
  const approvals = approvalSentence(remediation)
  if (remediation.state === 'superseded') {
    const why = remediation.explanation ?? 'A newer plan took its place.'
    return [small(...join([said('Taken back: '), given(why, 300)], id))]
  }
  if (remediation.state === 'rejected') return [small(...join([said('This plan was rejected.')], id))]
  if (
    remediation.state === 'expired' ||
    (remediation.state === 'proposed' && nowMs >= remediation.expiresAtMs)
  ) {
    const again =
      remediation.incidentId === undefined || remediation.kind === 'rollback' ? 'Ask again' : 'Look again'
    const expired = [
      said('This plan expired at '),
      time(remediation.expiresAtMs),
      said(`. ${again} for a new one.`),
    ]
    return [small(...join(expired, id))]
  }
  if (remediation.state !== 'proposed') return [small(...join(approvals, id))]
  if (remediation.adviseOnly) {
    const isManaged = remediation.plan.notices.some(({ code: why }) => why === 'managed')
    const words = isManaged
      ? 'A tool writes this file, so there is nothing to approve here: make the change in that tool.'
      : 'This host shows plans but does not let itself be changed: make the change by hand.'
    return [small(...join([said(words)], id))]
  }
  const until = [said('Can be approved until '), time(remediation.expiresAtMs), said('.')]
  return [small(...join(until, approvals, id))]
}

function approvalSentence({ approvals, approvalsRequired }: Remediation): Sentence {
  if (approvals.length === 0)
    return approvalsRequired > 1 ? [said(`Needs ${approvalsRequired} approvals.`)] : []
  const of =
    approvalsRequired > 1 ? `${approvals.length} of ${approvalsRequired} approvals: ` : 'Approved by '
  return [said(of), ...people(approvals), said('.')]
}
