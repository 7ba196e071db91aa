import type { OpsError } from '../lib/errors.ts'
import type { Reply } from '../slack/desk.ts'

export function done(text: string): Reply {
  return { kind: 'done', text }
}

export function refused(code: string, text: string): Reply {
  return { kind: 'refused', code, text }
}

export function faultReply(fault: OpsError): Reply {
  const hint = fault.hint === undefined ? '' : ` ${fault.hint}`
  return refused(fault.code, `That did not work: ${fault.message}.${hint}`.replace('..', '.'))
}
