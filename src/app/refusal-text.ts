import type { PlanAnswer } from '../remediation/mail-host.ts'

/** What the host said; its words name file, line and remedy. */
export function refusalText(answer: Extract<PlanAnswer, { kind: 'refused' }>): string {
  const notice = answer.notices.find((one) => one.severity === 'refusal')
  if (notice === undefined) return `The host refused to plan this change (${answer.code}).`
  const where = notice.where === undefined ? '' : `${notice.where.file}:${notice.where.line}: `
  return `${where}${notice.text}`
}
