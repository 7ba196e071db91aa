import type { Plan, TranscriptEnd, TranscriptRecord } from './mail-host.ts'
import type { Remediation, RemediationState, Verification } from './remediation.ts'

/** What can happen to a remediation, in the past tense. */
export type RemediationEvent =
  /** `lapsed`: those who approved before and may not any more. */
  | {
      readonly kind: 'approved'
      readonly by: string
      readonly atMs: number
      readonly lapsed?: readonly string[]
    }
  /** So many are demanded from now on; fewer than before never are. */
  | { readonly kind: 'approvals-required'; readonly count: number }
  | { readonly kind: 'rejected'; readonly by: string; readonly atMs: number }
  | { readonly kind: 'expired'; readonly atMs: number }
  | { readonly kind: 'superseded'; readonly why: string; readonly atMs: number }
  | { readonly kind: 'begun'; readonly atMs: number }
  | { readonly kind: 'recorded'; readonly record: TranscriptRecord }
  /** The connection to the host broke, or the bot died: the outcome is being asked for. */
  | { readonly kind: 'lost-sight'; readonly why: string }
  /** Its host is not configured any more, so nobody will ever ask how it went. */
  | { readonly kind: 'host-removed'; readonly why: string; readonly atMs: number }
  | {
      readonly kind: 'ended'
      readonly end: TranscriptEnd
      readonly atMs: number
      readonly verifyForMs: number
    }
  | { readonly kind: 'watched'; readonly verification: Verification }
  | { readonly kind: 'verified'; readonly verification: Verification; readonly atMs: number }
  /** The value in force at the end of the watch is not the one that was set. */
  | {
      readonly kind: 'not-verified'
      readonly verification: Verification
      readonly why: string
      readonly atMs: number
    }

export type Transition =
  | { readonly kind: 'next'; readonly remediation: Remediation }
  /** The event does not belong to this state; nothing changes. */
  | { readonly kind: 'refused'; readonly state: RemediationState; readonly event: RemediationEvent['kind'] }

/** The only place where the state of a remediation changes. Pure. */
export function next(remediation: Remediation, event: RemediationEvent): Transition {
  const changed = changeFor(remediation, event)
  if (changed === undefined) return { kind: 'refused', state: remediation.state, event: event.kind }
  return { kind: 'next', remediation: { ...remediation, ...changed, revision: remediation.revision + 1 } }
}

export function isFinished(state: RemediationState): boolean {
  return !['proposed', 'approved', 'applying', 'verifying'].includes(state)
}

type Change = Partial<Omit<Remediation, 'id' | 'revision'>>

function changeFor(remediation: Remediation, event: RemediationEvent): Change | undefined {
  switch (remediation.state) {
    case 'proposed':
      return fromProposed(remediation, event)
    case 'approved':
      return fromApproved(remediation, event)
    case 'applying':
      return fromApplying(remediation, event)
    case 'verifying':
      return fromVerifying(event)
    default:
      return undefined
  }
}

function fromProposed(remediation: Remediation, event: RemediationEvent): Change | undefined {
  switch (event.kind) {
    case 'approved': {
      if (remediation.approvals.some((approval) => approval.by === event.by)) return undefined
      const standing = remediation.approvals.filter(({ by }) => event.lapsed?.includes(by) !== true)
      const approvals = [...standing, { by: event.by, atMs: event.atMs }]
      return { approvals, state: approvals.length >= remediation.approvalsRequired ? 'approved' : 'proposed' }
    }
    case 'approvals-required':
      return event.count > remediation.approvalsRequired ? { approvalsRequired: event.count } : undefined
    case 'rejected':
      return { state: 'rejected', explanation: 'An approver rejected it.', finishedAtMs: event.atMs }
    case 'expired':
      return { state: 'expired', explanation: 'Nobody approved it in time.', finishedAtMs: event.atMs }
    case 'superseded':
      return { state: 'superseded', explanation: event.why, finishedAtMs: event.atMs }
    default:
      return undefined
  }
}

function fromApproved(remediation: Remediation, event: RemediationEvent): Change | undefined {
  if (event.kind === 'begun') return { state: 'applying', explanation: undefined }
  if (event.kind === 'host-removed') return abandoned(event)
  // An approved one that never began (the bot died in between) is settled like one that did.
  return event.kind === 'ended' ? ended(remediation, event) : undefined
}

function fromApplying(remediation: Remediation, event: RemediationEvent): Change | undefined {
  switch (event.kind) {
    case 'recorded':
      return { records: [...remediation.records, event.record] }
    case 'lost-sight':
      return { explanation: event.why }
    case 'host-removed':
      return abandoned(event)
    case 'ended':
      return ended(remediation, event)
    default:
      return undefined
  }
}

function ended(
  remediation: Remediation,
  event: Extract<RemediationEvent, { kind: 'ended' }>,
): Change | undefined {
  const { end, atMs } = event
  switch (end.kind) {
    case 'applied':
    case 'rolled-back':
      return {
        state: 'verifying',
        end,
        explanation: undefined,
        verification: {
          startedAtMs: atMs,
          untilMs: atMs + event.verifyForMs,
          effectiveValue: undefined,
          hitsAtNewValue: 0,
          hitsAtOldValue: 0,
        },
      }
    case 'refused':
      return { state: 'refused', end, explanation: refusalText(remediation, end.code), finishedAtMs: atMs }
    case 'voided':
    case 'unknown':
      return {
        state: 'refused',
        end,
        explanation:
          'The host had not begun. Nothing was changed, and this approval can never take effect any more.',
        finishedAtMs: atMs,
      }
    case 'restored':
      return {
        state: 'restored',
        end,
        explanation: `It went wrong (${end.code}); the host put the state before back.`,
        finishedAtMs: atMs,
      }
    case 'needs-operator':
      return {
        state: 'needs_operator',
        end,
        explanation: `Somebody has to look at the host (${end.code}).`,
        finishedAtMs: atMs,
      }
    case 'running':
      return undefined
  }
}

function abandoned(event: Extract<RemediationEvent, { kind: 'host-removed' }>): Change {
  return { state: 'needs_operator', explanation: event.why, finishedAtMs: event.atMs }
}

function fromVerifying(event: RemediationEvent): Change | undefined {
  switch (event.kind) {
    case 'host-removed':
      return abandoned(event)
    case 'watched':
      return { verification: event.verification }
    case 'verified':
      return { state: 'succeeded', verification: event.verification, finishedAtMs: event.atMs }
    case 'not-verified':
      return {
        state: 'needs_operator',
        verification: event.verification,
        explanation: event.why,
        finishedAtMs: event.atMs,
      }
    default:
      return undefined
  }
}

/** The newest refusal notice of the transcript says it best; the code is the fallback. */
function refusalText(remediation: Remediation, code: string): string {
  const notice = remediation.records.findLast(
    (record) => record.kind === 'notice' && record.severity === 'refusal',
  )
  return notice?.kind === 'notice' ? notice.text : `The host refused (${code}). Nothing was changed.`
}

/** What differs between two plans for the same thing, for the person who clicked on the older one. */
export function planDifference(before: Plan, after: Plan): string {
  if (before.oldValue !== after.oldValue) {
    return `the limit in force is ${after.oldValue} now, it was ${before.oldValue}`
  }
  if (before.where.file !== after.where.file) return `the value would now be set in ${after.where.file}`
  const text = (plan: Plan) => plan.diff.map((line) => `${line.sign}${line.text}`).join('\n')
  if (text(before) !== text(after)) return `the change itself is another one now`
  if (before.digest !== after.digest) return `a file of the configuration was changed since the plan was made`
  return 'nothing that the plan shows'
}
