import { isOpsError } from '../lib/errors.ts'
import { advance } from '../remediation/advance.ts'
import type { Click } from '../remediation/click.ts'
import type { Person, WhoIs } from '../remediation/person.ts'
import { lapsedApprovals, mayAct, mayApprove } from '../remediation/policy.ts'
import { planDifference } from '../remediation/reducer.ts'
import type { Remediation } from '../remediation/remediation.ts'
import type { Reply } from '../slack/desk.ts'
import type { Changes } from './changes.ts'
import type { Parts } from './parts.ts'
import { propose } from './propose.ts'
import { refusalText } from './refusal-text.ts'
import { done, refused } from './reply.ts'
import { takesPlans } from './takes-plans.ts'

export type DecisionParts = Parts & {
  readonly changes: Changes
  readonly lookAgain: (incidentId: string) => Promise<void>
}

/** The host's refusals that mean: what you saw is not what is there any more. */
const MOVED_ON: ReadonlySet<string> = new Set(['digest', 'lower', 'unreloaded-edit'])

/**
 * One person's click on a plan. Compare-and-set decides between two clicks; only the one that wins calls the host. Whoever approved before is
 * looked up again: an approval counts as long as its giver is an approver.
 */
export async function approve(
  remediationId: string,
  click: Click,
  person: Person,
  whoIs: WhoIs,
  parts: DecisionParts,
): Promise<Reply> {
  const { store, clock } = parts
  for (;;) {
    const remediation = await store.remediation(remediationId)
    if (remediation === undefined)
      return refused('unknown', 'This plan is not known any more. Nothing was changed.')
    const nowMs = clock.now()
    const verdict = mayApprove(person, remediation, nowMs)
    if (verdict.kind === 'refused') return verdict
    if (!parts.hosts.has(remediation.host)) {
      return refused(
        'unknown-host',
        `${remediation.host} is not in MAIL_HOSTS any more, so nothing was changed.`,
      )
    }
    const lapsed = lapsedApprovals(await Promise.all(remediation.approvals.map(({ by }) => whoIs(by))))
    if (lapsed.kind === 'refused') return lapsed
    const { digest, oldValue, newValue } = remediation.plan
    const common = { atMs: nowMs, subjectId: remediation.id, host: remediation.host }
    const audit = [
      ...lapsed.ids.map((id) => ({ ...common, actor: id, event: 'approval-lapsed', detail: {} })),
      { ...common, actor: person.id, event: 'approved', detail: { digest, oldValue, newValue } },
    ]
    const event = { kind: 'approved', by: person.id, atMs: nowMs, lapsed: lapsed.ids } as const
    const approved = await advance(remediation, event, parts, audit)
    if (!approved.won) {
      // Somebody else came first, and it is judged anew. Were it unchanged, it would be judged alike for ever.
      if (approved.remediation.revision !== remediation.revision) continue
      throw new Error(`an approval was allowed in the state ${remediation.state}, where it does not count`)
    }
    await store.finishClick(click.key, 'approved')
    if (approved.remediation.state !== 'approved') {
      const missing = remediation.approvalsRequired - approved.remediation.approvals.length
      const why =
        lapsed.ids.length === 0
          ? ''
          : ' An earlier approval does not count any more: whoever gave it is no approver now.'
      return done(`Your approval counts. ${missing} more ${missing === 1 ? 'is' : 'are'} needed.${why}`)
    }
    return afterwards(remediation, await parts.changes.carryOut(approved.remediation), parts)
  }
}

/** The thread tells how it went; only a plan that the host had left behind needs an answer of its own. */
async function afterwards(seen: Remediation, ended: Remediation, parts: DecisionParts): Promise<Reply> {
  const host = parts.hosts.get(ended.host)
  if (host === undefined || ended.end?.kind !== 'refused' || !MOVED_ON.has(ended.end.code))
    return { kind: 'silent' }
  const request =
    ended.kind === 'rollback' && ended.of !== undefined
      ? ({ kind: 'rollback', of: ended.of } as const)
      : ({ kind: 'raise', service: ended.service, value: ended.plan.newValue, client: ended.client } as const)
  const answer = await host.mailHost.plan(request)
  if (answer.kind === 'refused') {
    if (ended.incidentId !== undefined) await lookAgain(ended.incidentId, parts)
    return refused(
      'host-moved-on',
      `${ended.host} has changed since you saw the plan, so nothing was done. There is no new plan: ${refusalText(answer)}`,
    )
  }
  // The host took its time, in which somebody may have dismissed the alert.
  const incident = ended.incidentId === undefined ? undefined : await parts.store.incident(ended.incidentId)
  if (request.kind === 'raise' && incident !== undefined && !takesPlans(incident)) {
    return refused(
      'host-moved-on',
      `${ended.host} has changed since you saw the plan, so nothing was done. Its alert was closed meanwhile, so there is no new plan.`,
    )
  }
  await propose(
    {
      host: ended.host,
      plan: answer.plan,
      adviseOnly: answer.kind === 'advise',
      client: ended.client,
      incidentId: takesPlans(incident) ? incident.id : undefined,
      of: ended.of,
      requestedBy: seen.requestedBy,
    },
    parts,
  )
  return refused(
    'host-moved-on',
    `${ended.host} has changed since you saw the plan (${planDifference(seen.plan, answer.plan)}), so nothing was done. ` +
      'A new plan stands in its place; look at it before you approve it.',
  )
}

/** The alert still tells what the host said before. A fault is noted there, and must not cost the answer. */
async function lookAgain(incidentId: string, parts: DecisionParts): Promise<void> {
  try {
    await parts.lookAgain(incidentId)
  } catch (error) {
    if (!isOpsError(error)) throw error
  }
}

export async function reject(remediationId: string, person: Person, parts: DecisionParts): Promise<Reply> {
  const verdict = mayAct(person, 'reject')
  if (verdict.kind === 'refused') return verdict
  const remediation = await parts.store.remediation(remediationId)
  if (remediation === undefined) return refused('unknown', 'This plan is not known any more.')
  const atMs = parts.clock.now()
  const entry = {
    atMs,
    actor: person.id,
    event: 'rejected',
    subjectId: remediation.id,
    host: remediation.host,
    detail: {},
  }
  const rejected = await advance(remediation, { kind: 'rejected', by: person.id, atMs }, parts, [entry])
  return rejected.won
    ? { kind: 'silent' }
    : refused('already-decided', `This plan is ${rejected.remediation.state.replace('_', ' ')} already.`)
}
