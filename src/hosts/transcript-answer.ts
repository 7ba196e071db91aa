import type { Transcript, TranscriptEnd, TranscriptRecord } from '../remediation/mail-host.ts'
import { answerFields } from './answer-fields.ts'
import type { AnswerRecord } from './answer-record.ts'
import { badAnswer } from './bad-answer.ts'
import { declined, type Answer } from './conversation.ts'
import { diffOf, noticeOf } from './plan-answer.ts'
import type { AnswerEnd } from './read-answer.ts'

/** Undefined: a record that a later release of the helper may send. */
export function transcriptRecord(host: string, record: AnswerRecord): TranscriptRecord | undefined {
  const fields = answerFields(host)
  switch (record.name) {
    case 'step':
      return {
        kind: 'step',
        name: fields.text(record, 0),
        state: fields.oneOf(record, 1, ['ok', 'failed', 'skipped']),
        atMs: fields.whole(record, 2),
        detail: fields.optional(record, 3) ?? '',
      }
    case 'diff':
      return { kind: 'diff', ...diffOf(host, record) }
    case 'warn':
      return { kind: 'notice', ...noticeOf(host, record) }
    default:
      return undefined
  }
}

/** How an `apply` or a `rollback` ended. What cannot be told for certain is never called a success, or "nothing changed". */
export function transcriptEnd(
  host: string,
  { outcome, code }: AnswerEnd,
  records: readonly TranscriptRecord[],
): TranscriptEnd {
  switch (outcome) {
    case 'ok':
      if (code === 'applied' || code === 'rolled-back' || code === 'running' || code === 'voided')
        return { kind: code }
      throw badAnswer(host, 'ended a transcript with an unknown word', code)
    case 'refused':
      return { kind: 'refused', code }
    case 'failed': {
      const step = records.find((record) => record.kind === 'step' && record.state === 'failed')
      const reason = step?.kind === 'step' ? step.name : code
      if (code === 'restored') return { kind: 'restored', code: reason }
      if (code === 'needs-operator') return { kind: 'needs-operator', code: reason }
      // Any other failure is the helper's own; before its first step it cannot have changed anything.
      return records.some((record) => record.kind === 'step')
        ? { kind: 'needs-operator', code }
        : { kind: 'refused', code }
    }
  }
}

/** The answer to `status` and `void`: a recorded transcript, unless the host declined to look (then nothing is known: a fault). */
export function transcriptAnswer(host: string, answer: Answer): Transcript {
  const records = answer.records
    .map((record) => transcriptRecord(host, record))
    .filter((record) => record !== undefined)
  const { outcome, code } = answer.end
  const began = records.some((record) => record.kind === 'step')
  const isOwnFailure = outcome === 'failed' && code !== 'restored' && code !== 'needs-operator'
  // "busy" and "usage" are also said of the question itself, and then say nothing of the change.
  if (!began && (isOwnFailure || (outcome === 'refused' && (code === 'usage' || code === 'busy')))) {
    throw declined(host, answer)
  }
  if (outcome === 'refused' && code === 'unknown' && !began) return { records, end: { kind: 'unknown' } }
  if (outcome === 'refused' && code === 'voided') return { records, end: { kind: 'voided' } }
  return { records, end: transcriptEnd(host, answer.end, records) }
}
