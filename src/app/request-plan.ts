import type { Incident } from '../incidents/incident.ts'
import type { PlanAnswer, PlanRequest } from '../remediation/mail-host.ts'
import type { Person } from '../remediation/person.ts'
import { mayAct } from '../remediation/policy.ts'
import { isFinished } from '../remediation/reducer.ts'
import type { Reply } from '../slack/desk.ts'
import type { DecisionParts } from './decide.ts'
import { propose } from './propose.ts'
import { refusalText } from './refusal-text.ts'
import { done, refused } from './reply.ts'
import { takesPlans } from './takes-plans.ts'

/** `/maillimit raise HOST SERVICE VALUE`: a plan with a message of its own. */
export async function requestRaise(
  wanted: { readonly host: string; readonly service: string; readonly value: number },
  person: Person,
  parts: DecisionParts,
): Promise<Reply> {
  const verdict = mayAct(person, 'raise')
  if (verdict.kind === 'refused') return verdict
  const { host, service, value } = wanted
  return requestPlan({ kind: 'raise', service, value, client: undefined }, { host, person }, parts)
}

/** The modal Other value… of an alert. */
export async function requestOtherValue(
  wanted: { readonly incidentId: string; readonly value: number },
  person: Person,
  parts: DecisionParts,
): Promise<Reply> {
  const verdict = mayAct(person, 'raise')
  if (verdict.kind === 'refused') return verdict
  const incident = await parts.store.incident(wanted.incidentId)
  if (incident === undefined) return refused('unknown', 'This incident is not known any more.')
  const closed = closedReply(incident, wanted.value)
  if (closed !== undefined) return closed
  if (incident.advice?.diagnosis.kind === 'unconfirmed') {
    return refused(
      'unconfirmed',
      'The host shows no connections that fit this hit, so it offers no raise. Use Look again first.',
    )
  }
  const underWay = (await parts.store.remediationsOf(incident.id)).find(
    (remediation) =>
      remediation.state !== 'proposed' && remediation.state !== 'verifying' && !isFinished(remediation.state),
  )
  if (underWay !== undefined)
    return refused('under-way', 'A change is being carried out for this incident; wait for its end.')
  const { service, host } = incident
  const client = incident.lastHit.rip
  return requestPlan(
    { kind: 'raise', service, value: wanted.value, client },
    { host, person, incidentId: incident.id },
    parts,
  )
}

/** Roll back: the host plans it, and it is approved like any change. */
export async function requestRollback(
  remediationId: string,
  person: Person,
  parts: DecisionParts,
): Promise<Reply> {
  const verdict = mayAct(person, 'rollback')
  if (verdict.kind === 'refused') return verdict
  const remediation = await parts.store.remediation(remediationId)
  if (remediation === undefined) {
    return refused('unknown', `There is no change ${remediationId}. /maillimit history lists them.`)
  }
  if (remediation.end?.kind !== 'applied' && remediation.end?.kind !== 'rolled-back') {
    return refused('not-applied', 'This change never took effect, so there is nothing to roll back.')
  }
  const { host, incidentId } = remediation
  return requestPlan({ kind: 'rollback', of: remediation.id }, { host, person, incidentId }, parts)
}

/** The alert of an incident that is over, or that was dismissed, shows no plan any more. */
function closedReply({ state, host, service }: Incident, value: number): Reply | undefined {
  const instead = `Use /maillimit raise ${host} ${service} ${value} if you still want it.`
  if (state === 'resolved') return refused('resolved', `This incident is over. ${instead}`)
  if (state === 'dismissed') {
    return refused(
      'dismissed',
      `This incident was dismissed, so its alert shows no plan any more. ${instead}`,
    )
  }
  return undefined
}

async function requestPlan(
  request: PlanRequest,
  context: {
    readonly host: string
    readonly person: Person
    readonly incidentId?: string | undefined
  },
  parts: DecisionParts,
): Promise<Reply> {
  const host = parts.hosts.get(context.host)
  if (host === undefined) {
    return refused(
      'unknown-host',
      `There is no mail host ${context.host}. Known: ${[...parts.hosts.keys()].join(', ')}.`,
    )
  }
  if (request.kind === 'raise' && request.value > parts.limitMax) {
    return refused(
      'over-limit-max',
      `${request.value} is more than ${parts.limitMax}, the highest value that LIMIT_MAX allows.`,
    )
  }
  const answer: PlanAnswer = await host.mailHost.plan(request)
  if (answer.kind === 'refused') return refused(answer.code, refusalText(answer))
  // The host took its time, in which somebody may have dismissed the alert.
  const incident =
    context.incidentId === undefined ? undefined : await parts.store.incident(context.incidentId)
  const closed =
    request.kind === 'raise' && incident !== undefined ? closedReply(incident, request.value) : undefined
  if (closed !== undefined) return closed
  // A rollback is wanted whatever became of the incident: then in a message of its own.
  const incidentId = takesPlans(incident) ? incident.id : undefined
  await propose(
    {
      host: host.name,
      plan: answer.plan,
      adviseOnly: answer.kind === 'advise',
      client: request.kind === 'raise' ? request.client : undefined,
      incidentId,
      of: request.kind === 'rollback' ? request.of : undefined,
      requestedBy: context.person.id,
    },
    parts,
  )
  const where = incidentId === undefined ? 'The plan stands in the channel' : 'The plan stands on the alert'
  return done(`${where}; nothing is changed until it is approved.`)
}
