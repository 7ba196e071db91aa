import { type Page, small, text } from './piece.ts'
import { code, given, said, type Sentence } from './span.ts'

/** What `/maillimit` understands; `trouble` is what was wrong with the command that led here. */
export function helpPage(trouble?: string): Page {
  return {
    summary: [trouble === undefined ? said('What maillimit understands') : given(trouble, 300)],
    pieces: [
      ...(trouble === undefined ? [] : [text(given(trouble, 600))]),
      text(
        said(
          'maillimit watches mail hosts for logins that Dovecot refuses because a user has too many connections from one address.',
        ),
      ),
      { kind: 'list', items: commands.map(([usage, what]): Sentence => [code(usage), said(` ${what}`)]) },
      small(
        said('A change is made only after an approver clicks on its plan. Answers are shown to you alone.'),
      ),
    ],
  }
}

const commands = [
  ['/maillimit status USER', 'limits, connections, refused logins and open incidents of a user'],
  ['/maillimit hosts', 'the mail hosts and how they are'],
  ['/maillimit raise HOST SERVICE VALUE', 'asks for a plan to raise a limit: /maillimit raise mx1 imap 20'],
  ['/maillimit history [USER]', 'the changes so far'],
  ['/maillimit rollback CHANGE', 'asks for a plan to undo a change'],
  ['/maillimit help', 'this text'],
] as const
