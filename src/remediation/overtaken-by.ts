import type { LastChange } from '../incidents/incident.ts'
import type { Remediation } from './remediation.ts'

/** The later change by which what this one set is not in force any more. `newest`: the newest proven change of its host and service. */
export function overtakenBy(
  remediation: Remediation,
  newest: LastChange | undefined,
): LastChange | undefined {
  const tookEffect = remediation.verification !== undefined
  return tookEffect && newest?.remediationId !== remediation.id ? newest : undefined
}
