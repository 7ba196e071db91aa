import { advance } from '../remediation/advance.ts'
import type { Parts } from './parts.ts'

/** At start: plans that were made while APPROVALS_REQUIRED was lower need as many approvals as new ones, and say so. */
export async function requireApprovals(
  parts: Pick<Parts, 'store' | 'log' | 'lane' | 'stored' | 'approvalsRequired'>,
): Promise<void> {
  const count = parts.approvalsRequired
  for (const plan of await parts.store.proposals()) {
    if (plan.approvalsRequired < count) await advance(plan, { kind: 'approvals-required', count }, parts)
  }
}
