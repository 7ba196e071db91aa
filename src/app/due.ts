import { whenDue } from '../incidents/when-due.ts'
import type { Incident } from '../incidents/incident.ts'
import { isOpsError } from '../lib/errors.ts'
import { advance } from '../remediation/advance.ts'
import { isFinished } from '../remediation/reducer.ts'
import type { Remediation } from '../remediation/remediation.ts'
import { endWatch } from '../remediation/verification.ts'
import type { Parts } from './parts.ts'
import { withdrawPlans } from './withdraw-plans.ts'

export type Due = {
  /** Something was stored: the next instant may be another one. */
  readonly poke: () => void
  readonly stop: () => Promise<void>
}

export type DueParts = Pick<
  Parts,
  | 'store'
  | 'clock'
  | 'log'
  | 'metrics'
  | 'hosts'
  | 'lane'
  | 'quietAfterMs'
  | 'retentionMs'
  | 'stored'
  | 'stopping'
  | 'fail'
> & { readonly lookAgain: (incidentId: string) => void }

/** A host that could not be asked at the end of a watch is asked again after this. */
const ASK_AGAIN_MS = 30_000
const FORGET_EVERY_MS = 3_600_000

/** The one owner of timers: quiet, snooze, expiry, the end of a watch, what is over by itself, retention. */
export function startDue(parts: DueParts): Due {
  const { store, clock, log } = parts
  let cancel = () => {}
  let working: Promise<void> | undefined
  let pokedWhileWorking = false
  let lastForgottenAtMs = Number.NEGATIVE_INFINITY
  const askAgainAtMs = new Map<string, number>()

  const wake = (): void => {
    cancel()
    if (parts.stopping.aborted) return
    if (working !== undefined) {
      pokedWhileWorking = true
      return
    }
    pokedWhileWorking = false
    working = work()
      .catch((error: unknown) => {
        log.error({ err: error }, 'what came due could not be done')
        if (isOpsError(error) && error.code.startsWith('store')) parts.fail(error)
      })
      .then(async () => {
        working = undefined
        if (pokedWhileWorking) wake()
        else await schedule()
      })
      .catch(parts.fail)
  }

  const schedule = async (): Promise<void> => {
    const dueAtMs = Math.min(
      (await store.nextDue(parts.quietAfterMs)) ?? Number.POSITIVE_INFINITY,
      lastForgottenAtMs + FORGET_EVERY_MS,
    )
    if (parts.stopping.aborted || working !== undefined) return
    cancel()
    // What is due already and still not done (a host that does not answer) is not asked without pause.
    const delayMs = Math.max(dueAtMs - clock.now(), dueAtMs <= clock.now() ? 1_000 : 0)
    cancel = clock.after(delayMs, wake)
  }

  const work = async (): Promise<void> => {
    const nowMs = clock.now()
    const due = await store.due(nowMs, parts.quietAfterMs)
    for (const incident of due.incidents) await incidentDue(incident, nowMs)
    for (const proposal of due.proposals) await advance(proposal, { kind: 'expired', atMs: nowMs }, parts)
    for (const notice of due.notices) await store.endNotice(notice.host, notice.code)
    for (const remediation of due.verifications) await watchEnded(remediation)
    if (nowMs - lastForgottenAtMs >= FORGET_EVERY_MS) {
      lastForgottenAtMs = nowMs
      await store.forget(nowMs - parts.retentionMs)
    }
    if (due.incidents.length + due.proposals.length + due.notices.length > 0) parts.stored()
  }

  const incidentDue = async (incident: Incident, nowMs: number): Promise<void> => {
    const act = whenDue(incident, nowMs, parts.quietAfterMs, parts.lane)
    if (act.kind === 'nothing') return
    const entry = {
      atMs: nowMs,
      actor: 'maillimit',
      event: act.reason,
      subjectId: incident.id,
      host: incident.host,
      detail: { hits: incident.hits },
    }
    const effects = { intents: act.intents, audit: [entry] }
    // A hit or a click came first: what is due now is looked at anew.
    if ((await store.advanceIncident(incident.revision, act.incident, effects)) === 'changed') return
    if (act.reason === 'unsnoozed') parts.lookAgain(incident.id)
    if (act.reason === 'quiet-resolved') await withdrawPlans(incident.id, 'The incident is over.', parts)
  }

  const watchEnded = async (remediation: Remediation): Promise<void> => {
    const host = parts.hosts.get(remediation.host)
    if (host === undefined || clock.now() < (askAgainAtMs.get(remediation.id) ?? 0)) return
    try {
      const ended = await endWatch(remediation, host.mailHost, parts)
      askAgainAtMs.delete(remediation.id)
      if (isFinished(ended.state)) parts.metrics.remediations.inc({ host: ended.host, state: ended.state })
    } catch (error) {
      if (!isOpsError(error)) throw error
      askAgainAtMs.set(remediation.id, clock.now() + ASK_AGAIN_MS)
      log.warn(
        { id: remediation.id, host: host.name, code: error.code },
        'the host could not be asked at the end of a watch',
      )
    }
  }

  wake()
  return {
    poke: wake,
    async stop() {
      cancel()
      await working
      cancel()
    },
  }
}
