import { advance } from '../remediation/advance.ts'
import type { Parts } from './parts.ts'

/** Plans to raise for a problem that is none any more are of no use to anybody. A rollback that was asked for stays: its reason is the change. */
export async function withdrawPlans(
  incidentId: string,
  why: string,
  parts: Pick<Parts, 'store' | 'clock' | 'log' | 'lane' | 'stored'>,
): Promise<void> {
  for (const remediation of await parts.store.remediationsOf(incidentId)) {
    if (remediation.state !== 'proposed' || remediation.kind !== 'raise') continue
    await advance(remediation, { kind: 'superseded', why, atMs: parts.clock.now() }, parts)
  }
}
