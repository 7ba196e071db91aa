import type { DiffLine, Impact, Notice, Plan, PlanAnswer, PlanRequest } from '../remediation/mail-host.ts'
import { answerFields } from './answer-fields.ts'
import type { AnswerRecord } from './answer-record.ts'
import { badAnswer } from './bad-answer.ts'
import { declined, type Answer } from './conversation.ts'
import { yesOrNo } from './hello-answer.ts'

/** What the host would change. A plan that is not the one that was asked for is a fault, so that nobody approves it by mistake. */
export function planAnswer(host: string, request: PlanRequest, answer: Answer): PlanAnswer {
  const notices = answer.records
    .filter((record) => record.name === 'warn')
    .map((record) => noticeOf(host, record))
  const { outcome, code } = answer.end
  if (outcome === 'refused' && code !== 'usage' && code !== 'busy') return { kind: 'refused', code, notices }
  if (outcome !== 'ok') throw declined(host, answer)
  if (code !== 'plan' && code !== 'advise') throw badAnswer(host, 'ended a plan with an unknown word', code)

  const record = answer.records.find((record) => record.name === 'plan')
  if (record === undefined) throw badAnswer(host, 'answered without a plan')
  const plan = planOf(host, record, answer.records, notices)
  const fits =
    request.kind === plan.kind &&
    (request.kind === 'rollback' || (request.service === plan.service && request.value === plan.newValue))
  if (!fits)
    throw badAnswer(
      host,
      `planned something else than was asked: ${plan.kind} ${plan.service} to ${plan.newValue}`,
    )
  return { kind: code, plan }
}

export function diffOf(host: string, record: AnswerRecord): DiffLine {
  const fields = answerFields(host)
  if (record.raw === undefined) throw badAnswer(host, 'sent a record "diff" without its text')
  return {
    file: fields.text(record, 0),
    line: fields.whole(record, 1),
    sign: fields.oneOf(record, 2, ['-', '+']),
    text: textOf(record.raw),
  }
}

export function noticeOf(host: string, record: AnswerRecord): Notice {
  const fields = answerFields(host)
  return {
    severity: fields.oneOf(record, 0, ['warning', 'advise', 'refusal']),
    code: fields.text(record, 1),
    where: fields.place(record, 2),
    text: fields.text(record, 4),
  }
}

function planOf(
  host: string,
  record: AnswerRecord,
  records: readonly AnswerRecord[],
  notices: readonly Notice[],
): Plan {
  const fields = answerFields(host)
  const digest = fields.text(record, 6)
  if (!/^[0-9a-f]{64}$/.test(digest)) throw badAnswer(host, 'planned without a digest', digest)
  return {
    kind: fields.oneOf(record, 0, ['raise', 'rollback']),
    service: fields.text(record, 1),
    oldValue: fields.whole(record, 2),
    newValue: fields.whole(record, 3),
    where: { file: fields.text(record, 4), line: fields.whole(record, 5) },
    digest,
    diff: records.filter((one) => one.name === 'diff').map((one) => diffOf(host, one)),
    impact: impactOf(host, records),
    notices,
  }
}

function impactOf(host: string, records: readonly AnswerRecord[]): Impact {
  const fields = answerFields(host)
  const find = (key: string) => records.find((record) => record.name === 'impact' && record.fields[0] === key)
  const number = (key: string) => {
    const record = find(key)
    return record && fields.optionalWhole(record, 1)
  }
  const shutdownClients = find('shutdown-clients')
  return {
    sessions: number('sessions'),
    shutdownClients: shutdownClients && yesOrNo(fields.optional(shutdownClients, 1)),
    processCount: number('process-count'),
    processLimit: number('process-limit'),
  }
}

/** UTF-8 where it is, else one character a byte: a configuration file may hold anything. */
function textOf(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw)
  } catch {
    return Buffer.from(raw).toString('latin1')
  }
}
