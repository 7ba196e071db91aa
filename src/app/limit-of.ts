import type { EffectiveLimit, HostFacts } from '../remediation/mail-host.ts'

/** What the host said of the limit of this service. */
export function limitOf(service: string, facts: HostFacts): EffectiveLimit | undefined {
  return facts.limits.find((limit) => limit.service === service)
}
