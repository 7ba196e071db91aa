import type { Intent } from '../../outbox/intent.ts'
import type { Subjects } from '../desk.ts'
import { alertPage } from './alert.ts'
import { awayPage } from './away.ts'
import { noticePage } from './notice.ts'
import type { Page } from './piece.ts'
import { outcomePage, remediationPage } from './remediation.ts'
import { requestPage } from './request.ts'

/** The newest state of an intent's subject as a page; undefined when there is no such subject (any more). */
export async function pageOf(intent: Intent, subjects: Subjects, nowMs: number): Promise<Page | undefined> {
  switch (intent.kind) {
    case 'alert':
      return rendered(await subjects.alert(intent.subjectId), alertPage)
    case 'request':
      return rendered(await subjects.remediation(intent.subjectId), (found) => requestPage(found, nowMs))
    case 'remediation':
      return rendered(await subjects.remediation(intent.subjectId), ({ remediation }) =>
        remediationPage(remediation),
      )
    case 'outcome':
      return rendered(await subjects.remediation(intent.subjectId), outcomePage)
    case 'notice':
      return rendered(await subjects.notice(intent.subjectId), noticePage)
    case 'away':
      return rendered(await subjects.away(intent.subjectId), awayPage)
  }
}

function rendered<T>(subject: T | undefined, page: (subject: T) => Page): Page | undefined {
  return subject === undefined ? undefined : page(subject)
}
