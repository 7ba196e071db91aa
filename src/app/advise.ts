import { diagnose } from '../diagnosis/diagnose.ts'
import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import { clientKey } from '../dovecot/client-key.ts'
import type { Session } from '../dovecot/session.ts'
import type { Advice, Incident } from '../incidents/incident.ts'
import { OpsError } from '../lib/errors.ts'
import type { HostFacts } from '../remediation/mail-host.ts'
import { briefly } from './briefly.ts'
import { countConnections } from './connections.ts'
import { limitOf } from './limit-of.ts'
import type { Parts } from './parts.ts'
import { createPlanForAlert } from './plan-for-alert.ts'
import { RecentSamples } from './recent-samples.ts'

export type AdviceParts = Pick<
  Parts,
  | 'store'
  | 'clock'
  | 'log'
  | 'hosts'
  | 'lane'
  | 'limitMax'
  | 'approvalsRequired'
  | 'approvalTtlMs'
  | 'newId'
  | 'stored'
  | 'stopping'
>

/** Asks the host what is behind an incident and what could be changed, and puts both onto its alert. Resolves without a word for an incident that is over. Throws the host's OpsError after noting it on the alert. Answers that the host gave before `notBeforeMs` do not count. */
export type Advise = (incidentId: string, notBeforeMs?: number) => Promise<void>

const SHARED_FOR_MS = 2_000
const OTHERS_SINCE_MS = 30 * 60_000
/** Whoever was refused so shortly before a change was hindered by the former limit. */
const HINDERED_SINCE_MS = 24 * 3_600_000

export function createAdvise(parts: AdviceParts): Advise {
  const { store, clock, lane } = parts
  const sessionsOf = briefly<readonly Session[]>(clock, SHARED_FOR_MS)
  const factsOf = briefly<HostFacts>(clock, SHARED_FOR_MS)
  const planForAlert = createPlanForAlert(parts)
  const samples = new RecentSamples()

  return async (incidentId, askedAtMs = 0) => {
    const incident = await store.incident(incidentId)
    if (incident === undefined || incident.state === 'resolved') return
    const host = parts.hosts.get(incident.host)
    if (host === undefined) return
    // An answer from before the newest hit, or the newest change, says nothing about it.
    const change = await store.lastChange(host.name, incident.service)
    const notBeforeMs = Math.max(incident.lastHitAtMs + 1, (change?.atMs ?? 0) + 1, askedAtMs)
    try {
      const [sessions, facts] = await Promise.all([
        sessionsOf(host.name, notBeforeMs, () => host.mailHost.who()),
        factsOf(host.name, notBeforeMs, () => host.mailHost.hello()),
      ])
      host.facts.latest = facts
      const diagnosis = await diagnoseNow(incident, sessions, facts)
      const advice = {
        ...adviceOf(incident, diagnosis, sessions, facts, clock.now()),
        ...(await planForAlert({ incident, host, diagnosis, facts, notBeforeMs })),
      }
      await store.saveAdvice(incidentId, advice, lane)
      parts.stored()
    } catch (error) {
      if (!(error instanceof OpsError)) throw error
      // Whoever stops hangs up by itself.
      if (!parts.stopping.aborted) await noteFault(incident, error)
      throw error
    }
  }

  async function diagnoseNow(
    incident: Incident,
    sessions: readonly Session[],
    facts: HostFacts,
  ): Promise<Diagnosis> {
    const nowMs = clock.now()
    const lastChange = await store.lastChange(incident.host, incident.service)
    const here = sessions.filter(
      (session) => session.user === incident.user || clientKey(session.ip) === incident.client,
    )
    const taken = samples.add(incident.id, { atMs: nowMs, sessions: here })
    return diagnose({
      nowMs,
      user: incident.user,
      userCut: incident.lastHit.userCut,
      service: incident.service,
      ip: incident.lastHit.rip,
      serverIp: incident.lastHit.lip,
      hits: await store.refusals(incident.id, 500),
      otherUsersRefused: await store.otherUsersRefused(
        incident.host,
        incident.client,
        incident.user,
        nowMs - OTHERS_SINCE_MS,
      ),
      samples: taken,
      limit: limitOf(incident.service, facts)?.value,
      cap: Math.min(parts.limitMax, facts.maxLimit),
      lastChange,
      refusedBeforeChange:
        lastChange !== undefined &&
        (await store.wasRefused(incident, lastChange.atMs - HINDERED_SINCE_MS, lastChange.atMs)),
    })
  }

  /** What is known stays; without anything known there is nothing to put beside the incident but the fault. */
  async function noteFault(incident: Incident, fault: OpsError): Promise<void> {
    const noPlan = `${incident.host} could not be asked: ${fault.message}`
    const unknown: Diagnosis = {
      kind: 'unconfirmed',
      summary: 'The host could not be asked, so nothing is known about the connections behind this.',
      evidence: [],
      recommend: 'look-again',
      suggestedValue: undefined,
      why: 'Without an answer from the host no value can be suggested.',
      advice: [],
    }
    const former = incident.advice
    await store.saveAdvice(
      incident.id,
      former === undefined
        ? {
            atMs: clock.now(),
            diagnosis: unknown,
            connections: [],
            limit: undefined,
            limitWhere: undefined,
            remediationId: undefined,
            noPlan,
          }
        : { ...former, noPlan: former.remediationId === undefined ? noPlan : undefined },
      lane,
    )
    parts.stored()
  }
}

function adviceOf(
  incident: Incident,
  diagnosis: Diagnosis,
  sessions: readonly Session[],
  facts: HostFacts,
  nowMs: number,
): Omit<Advice, 'remediationId' | 'noPlan'> {
  const limit = limitOf(incident.service, facts)
  return {
    atMs: nowMs,
    diagnosis,
    connections: countConnections(sessions, incident.user),
    limit: limit?.value,
    limitWhere: limit?.where,
  }
}
