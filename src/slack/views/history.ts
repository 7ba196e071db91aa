import type { Remediation } from '../../remediation/remediation.ts'
import { type Page, small, shown, text } from './piece.ts'
import { given, said, utc } from './span.ts'
import { endWords } from './remediation.ts'
import { count, limitText } from './wording.ts'

/** The answer to `/maillimit history [USER]`: changes, the newest first. */
export function historyPage(remediations: readonly Remediation[], user: string | undefined): Page {
  const { items, more } = shown(remediations, 40)
  const about = user === undefined ? 'all users' : user
  return {
    summary: [said('History of '), given(about, 100)],
    pieces: [
      { kind: 'header', text: `History: ${about}` },
      ...(items.length === 0
        ? [text(said('No change is on record.'))]
        : [
            {
              kind: 'grid',
              head: ['When', 'Host', 'Service', 'From → to', 'State', 'Approved by', 'Change'],
              rows: items.map(row),
            } as const,
          ]),
      ...(more === 0 ? [] : [small(said(`and ${count(more, 'older change')}`))]),
      small(said('To undo a raise: /maillimit rollback CHANGE')),
    ],
  }
}

function row(remediation: Remediation): readonly string[] {
  const { plan, approvals } = remediation
  return [
    utc(remediation.finishedAtMs ?? remediation.proposedAtMs),
    remediation.host,
    remediation.service,
    `${limitText(plan.oldValue)} → ${limitText(plan.newValue)}`,
    endWords[remediation.state],
    approvals.length === 0 ? '–' : approvals.map(({ by }) => by).join(', '),
    remediation.id,
  ]
}
