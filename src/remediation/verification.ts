import type { LastChange } from '../incidents/incident.ts'
import type { Clock } from '../lib/clock.ts'
import { advance, type AdvanceParts } from './advance.ts'
import type { HostFacts, MailHost } from './mail-host.ts'
import { overtakenBy } from './overtaken-by.ts'
import type { Remediation, Verification } from './remediation.ts'

export type VerificationParts = AdvanceParts & { readonly clock: Clock }

/** Looks at the host right after the reload and says what is in force; the watch itself goes on until `untilMs`. Throws the host's OpsError. */
export async function beginWatch(
  remediation: Remediation,
  host: MailHost,
  parts: VerificationParts,
): Promise<Remediation> {
  const seen = await look(remediation, host, parts)
  if (seen === undefined) return remediation
  return (await advance(remediation, { kind: 'watched', verification: seen.verification }, parts)).remediation
}

/**
 * The end of the watch: succeeded when the new value is in force and Dovecot runs, or was in force until a later change of ours took its
 * place. Hits at the new value are a finding for people, never a reason to undo anything. Throws the host's OpsError; then ask again later.
 */
export async function endWatch(
  remediation: Remediation,
  host: MailHost,
  parts: VerificationParts,
): Promise<Remediation> {
  const seen = await look(remediation, host, parts)
  if (seen === undefined) return remediation
  const { verification, facts, later } = seen
  const atMs = parts.clock.now()
  const why = later === undefined ? whatIsWrong(remediation, verification, facts) : undefined
  // What the host says in the middle of another change is no verdict about this one.
  if (why !== undefined && (await isBeingChanged(remediation, parts))) return remediation
  const entry = {
    atMs,
    actor: 'maillimit',
    event: why === undefined ? 'verified' : 'not-verified',
    subjectId: remediation.id,
    host: host.name,
    detail: { ...verification, ...(why === undefined ? {} : { why }) },
  }
  return why === undefined
    ? (await advance(remediation, { kind: 'verified', verification, atMs }, parts, [entry])).remediation
    : (await advance(remediation, { kind: 'not-verified', verification, why, atMs }, parts, [entry]))
        .remediation
}

type Seen = {
  readonly verification: Verification
  readonly facts: HostFacts
  /** The change that took its place meanwhile. */
  readonly later: LastChange | undefined
}

async function look(
  remediation: Remediation,
  host: MailHost,
  parts: VerificationParts,
): Promise<Seen | undefined> {
  const { host: name, service, plan, verification: watch } = remediation
  if (watch === undefined) return undefined
  const facts = await host.hello()
  // Asked after the host: its answer may be about a later change already, and so may be the hits.
  const later = overtakenBy(remediation, await parts.store.lastChange(name, service))
  const hits = await parts.store.hitsByLimit(name, service, watch.startedAtMs, later?.atMs)
  const hitsAt = (limit: number) => hits.find((row) => row.limit === limit)?.hits ?? 0
  const inForce = facts.limits.find((limit) => limit.service === service)?.value
  const verification: Verification = {
    ...watch,
    effectiveValue: later === undefined ? inForce : watch.effectiveValue,
    hitsAtNewValue: hitsAt(plan.newValue),
    hitsAtOldValue: hitsAt(plan.oldValue),
  }
  return { verification, facts, later }
}

async function isBeingChanged(
  { host, service }: Remediation,
  { store }: VerificationParts,
): Promise<boolean> {
  const underWay = await store.unfinished()
  return underWay.some(
    (other) => other.host === host && other.service === service && other.state !== 'verifying',
  )
}

function whatIsWrong(
  remediation: Remediation,
  verification: Verification,
  facts: HostFacts,
): string | undefined {
  if (!facts.dovecotRunning) {
    return `Dovecot is not running on ${remediation.host}. Look at it with: systemctl status dovecot`
  }
  if (verification.effectiveValue !== remediation.plan.newValue) {
    return (
      `The limit of ${remediation.service} on ${remediation.host} is ${verification.effectiveValue ?? 'unknown'} now and not ` +
      `${remediation.plan.newValue}: somebody changed it since. Look at it with: doveconf -f protocol=${remediation.service} -h mail_max_userip_connections`
    )
  }
  return undefined
}
