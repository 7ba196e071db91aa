import { intentsOf } from '../remediation/intents.ts'
import type { Plan } from '../remediation/mail-host.ts'
import type { Remediation } from '../remediation/remediation.ts'
import type { Parts } from './parts.ts'

export type Proposal = {
  readonly host: string
  readonly plan: Plan
  readonly adviseOnly: boolean
  readonly client: string | undefined
  readonly incidentId: string | undefined
  readonly of: string | undefined
  /** A Slack user id; undefined when the bot proposes it by itself. */
  readonly requestedBy: string | undefined
}

/** Stores a plan as a proposal, which supersedes the former one of its incident, and has it shown. */
export async function propose(
  proposal: Proposal,
  parts: Pick<Parts, 'store' | 'clock' | 'newId' | 'lane' | 'approvalsRequired' | 'approvalTtlMs' | 'stored'>,
): Promise<Remediation> {
  const nowMs = parts.clock.now()
  const { plan, ...rest } = proposal
  const remediation: Remediation = {
    ...rest,
    id: `rem-${parts.newId()}`,
    kind: plan.kind,
    service: plan.service,
    state: 'proposed',
    plan,
    approvals: [],
    approvalsRequired: parts.approvalsRequired,
    proposedAtMs: nowMs,
    expiresAtMs: nowMs + parts.approvalTtlMs,
    records: [],
    end: undefined,
    verification: undefined,
    explanation: undefined,
    finishedAtMs: undefined,
    revision: 1,
  }
  await parts.store.propose(remediation, {
    intents: intentsOf(remediation, parts.lane),
    audit: [
      {
        atMs: nowMs,
        actor: proposal.requestedBy ?? 'maillimit',
        event: 'proposed',
        subjectId: remediation.id,
        host: proposal.host,
        detail: {
          kind: plan.kind,
          service: plan.service,
          oldValue: plan.oldValue,
          newValue: plan.newValue,
          digest: plan.digest,
          incidentId: proposal.incidentId,
          of: proposal.of,
        },
      },
    ],
  })
  parts.stored()
  return remediation
}
