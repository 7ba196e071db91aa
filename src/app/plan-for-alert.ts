import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import type { Advice, Incident } from '../incidents/incident.ts'
import { advance } from '../remediation/advance.ts'
import type { HostFacts, PlanAnswer } from '../remediation/mail-host.ts'
import { isFinished } from '../remediation/reducer.ts'
import type { Remediation } from '../remediation/remediation.ts'
import type { AdviceParts } from './advise.ts'
import { briefly } from './briefly.ts'
import { limitOf } from './limit-of.ts'
import type { WatchedHost } from './parts.ts'
import { propose } from './propose.ts'
import { refusalText } from './refusal-text.ts'
import { takesPlans } from './takes-plans.ts'

type PlanOnAlert = Pick<Advice, 'remediationId' | 'noPlan'>

type Advised = {
  readonly incident: Incident
  readonly host: WatchedHost
  readonly diagnosis: Diagnosis
  readonly facts: HostFacts
  readonly notBeforeMs: number
}

const STILL_WATCHED = 'The last change is still being watched. Other value… makes a plan all the same.'
/** Refusals that tell why a client meets another limit than the one in force. */
const NAMES_A_PLACE: ReadonlySet<string> = new Set(['override', 'unreloaded-edit', 'conflict', 'broken'])
/** Alerts of the same moment share a plan. */
const SHARED_FOR_MS = 2_000

/**
 * The plan at the suggested value, proposed unless the same one stands on the alert already. A plan that a person asked for or approved is
 * theirs, and buttons do not change under a finger without need; one of the bot's own that cannot be carried out any more is taken back.
 */
export function createPlanForAlert(parts: AdviceParts): (advised: Advised) => Promise<PlanOnAlert> {
  const { store, clock } = parts
  const plans = briefly<PlanAnswer>(clock, SHARED_FOR_MS)

  return async function planForAlert(advised): Promise<PlanOnAlert> {
    const { incident, host, diagnosis, facts } = advised
    const { service } = incident
    const remediations = await store.remediationsOf(incident.id)
    const standing = remediations.find((remediation) => remediation.state === 'proposed')
    const underWay = remediations.find(
      (remediation) => !isFinished(remediation.state) && remediation !== standing,
    )
    if (underWay !== undefined) {
      const wants = underWay.state === 'verifying' && diagnosis.recommend === 'raise'
      return { remediationId: underWay.id, noPlan: wants ? STILL_WATCHED : undefined }
    }
    // A rollback that was asked for undoes a change, whatever becomes of the hits.
    if (standing?.kind === 'rollback') return shows(standing)
    if (diagnosis.kind === 'unconfirmed' && standing !== undefined)
      return withdrawn(standing, 'The host shows no connections that fit the hits any more.')
    const own = standing !== undefined && isOurs(standing) ? standing : undefined
    const { suggestedValue: value } = diagnosis
    if (diagnosis.recommend !== 'raise' || value === undefined) {
      const limit = limitOf(service, facts)?.value
      if (own !== undefined && own.plan.oldValue !== limit)
        return withdrawn(own, `The limit is ${limit ?? 'unknown'} now, and not ${own.plan.oldValue}.`)
      if (standing !== undefined) return shows(standing)
      return { ...shows(undefined), noPlan: await whatDecides(advised, limit) }
    }
    const client = incident.lastHit.rip
    const answer = await plans(`${host.name} ${service} ${value}`, advised.notBeforeMs, () =>
      host.mailHost.plan({ kind: 'raise', service, value, client }),
    )
    // The host took its time: what people did meanwhile counts.
    const now = await store.incident(incident.id)
    if (!takesPlans(now)) return shows(undefined)
    if (!isSame(remediations, await store.remediationsOf(incident.id))) return planForAlert(advised)
    if (answer.kind === 'refused') {
      const noPlan = refusalText(answer)
      if (own === undefined) return standing === undefined ? { ...shows(undefined), noPlan } : shows(standing)
      return { ...(await withdrawn(own, `The host would refuse it now: ${noPlan}`)), noPlan }
    }
    const keeps = standing !== undefined && standing.expiresAtMs > clock.now()
    if (keeps && (own === undefined || own.plan.digest === answer.plan.digest)) return shows(standing)
    const proposal = await propose(
      {
        host: host.name,
        plan: answer.plan,
        adviseOnly: answer.kind === 'advise',
        client,
        incidentId: incident.id,
        of: undefined,
        requestedBy: undefined,
      },
      parts,
    )
    return shows(proposal)
  }

  /**
   * The line names another limit than the one in force: only the host knows which block decides for this client, or which edit waits for a
   * reload. A plan that it would refuse for that names the place.
   */
  async function whatDecides(
    { incident, host, diagnosis, notBeforeMs }: Advised,
    limit: number | undefined,
  ): Promise<string | undefined> {
    if (diagnosis.kind !== 'limit-already-raised' || diagnosis.recommend !== 'look-again') return undefined
    if (limit === undefined || limit === 0) return undefined
    const { service, lastHit } = incident
    const value = limit + 1
    const answer = await plans(`${host.name} ${service} ${value} ${lastHit.rip}`, notBeforeMs, () =>
      host.mailHost.plan({ kind: 'raise', service, value, client: lastHit.rip }),
    )
    return answer.kind === 'refused' && NAMES_A_PLACE.has(answer.code) ? refusalText(answer) : undefined
  }

  async function withdrawn(plan: Remediation, why: string): Promise<PlanOnAlert> {
    await advance(plan, { kind: 'superseded', why, atMs: clock.now() }, parts)
    return shows(undefined)
  }
}

function shows(plan: Remediation | undefined): PlanOnAlert {
  return { remediationId: plan?.id, noPlan: undefined }
}

function isOurs(plan: Remediation): boolean {
  return plan.requestedBy === undefined && plan.approvals.length === 0
}

function isSame(before: readonly Remediation[], now: readonly Remediation[]): boolean {
  return before.length === now.length && now.every((one, index) => one.revision === before[index]?.revision)
}
