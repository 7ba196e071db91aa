import type { Intent, MessageKind } from '../outbox/intent.ts'
import type { Remediation } from './remediation.ts'

/** Which messages show a change of this remediation: the alert (or its own request), its steps and its outcome in the thread. */
export function intentsOf(remediation: Remediation, lane: string): readonly Intent[] {
  const { id, incidentId, state, revision } = remediation
  const root: Intent =
    incidentId === undefined
      ? { lane, messageKey: `request:${id}`, kind: 'request', subjectId: id, revision, threadOf: undefined }
      : {
          lane,
          messageKey: `alert:${incidentId}`,
          kind: 'alert',
          subjectId: incidentId,
          revision,
          threadOf: undefined,
        }
  const inThread = (kind: MessageKind): Intent => ({
    lane,
    messageKey: `${kind}:${id}`,
    kind,
    subjectId: id,
    revision,
    threadOf: root.messageKey,
  })
  switch (state) {
    case 'proposed':
    case 'rejected':
    case 'expired':
    case 'superseded':
      return [root]
    case 'approved':
    case 'applying':
      return [root, inThread('remediation')]
    default:
      return [root, inThread('remediation'), inThread('outcome')]
  }
}
