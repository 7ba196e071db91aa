import type { Reason } from '../incidents/reason.ts'
import { sleep } from '../lib/clock.ts'
import { isOpsError } from '../lib/errors.ts'
import type { Advise } from './advise.ts'
import type { Parts } from './parts.ts'

export type Adviser = {
  /** An incident changed; asks the host when that is worth it. Never waits. */
  readonly noticed: (incidentId: string, reasons: ReadonlySet<Reason>) => void
  /** Asks the host now, whatever was known. Throws its OpsError. */
  readonly lookAgain: (incidentId: string) => Promise<void>
  /** At start: alerts for which the host had not answered when the bot ended. */
  readonly takeUp: () => Promise<void>
}

const AT_ONCE: ReadonlySet<Reason> = new Set([
  'first-hit',
  'hit-after-change',
  'storm-over',
  'unsnoozed',
  'reopened',
])
/** While hits go on: how old an advice may be that recommends a raise, and one that does not. */
const RAISE_FRESH_MS = 60_000
const OTHER_FRESH_MS = 10_000
const RETRY_AFTER_MS = [2_000, 10_000, 60_000]

/** Decides when an incident's advice is due, and asks one host for one incident at a time. */
export function createAdviser(
  advise: Advise,
  parts: Pick<Parts, 'store' | 'clock' | 'log' | 'stopping'>,
): Adviser {
  const { store, clock, log } = parts
  const queues = new Map<string, Promise<void>>()
  const waiting = new Set<string>()
  /** News came while the host was being asked: its answer may be from before. */
  const again = new Set<string>()

  const ask = async (incidentId: string, notBeforeMs?: number): Promise<void> => {
    const host = (await store.incident(incidentId))?.host ?? ''
    const turn = (queues.get(host) ?? Promise.resolve()).then(() => advise(incidentId, notBeforeMs))
    queues.set(
      host,
      turn.catch(() => {}),
    )
    await turn
  }

  const run = (incidentId: string, attempt: number): void => {
    if (parts.stopping.aborted) return
    if (waiting.has(incidentId)) {
      again.add(incidentId)
      return
    }
    waiting.add(incidentId)
    ask(incidentId)
      .catch((error: unknown) => retryLater(incidentId, attempt, error))
      .finally(() => {
        waiting.delete(incidentId)
        if (again.delete(incidentId)) run(incidentId, 0)
      })
  }

  const retryLater = (incidentId: string, attempt: number, error: unknown): void => {
    if (parts.stopping.aborted) return
    const level = isOpsError(error) ? 'warn' : 'error'
    log[level]({ incident: incidentId, err: error }, 'asking the host about an incident failed')
    const delayMs = RETRY_AFTER_MS[attempt]
    if (delayMs === undefined) return
    sleep(clock, delayMs, parts.stopping).then(
      () => run(incidentId, attempt + 1),
      () => {},
    )
  }

  const isStale = async (incidentId: string): Promise<boolean> => {
    const incident = await store.incident(incidentId)
    if (incident === undefined || incident.state !== 'open' || incident.alertedAtMs === undefined)
      return false
    if (incident.advice === undefined) return true
    const fresh = incident.advice.diagnosis.recommend === 'raise' ? RAISE_FRESH_MS : OTHER_FRESH_MS
    return clock.now() - incident.advice.atMs > fresh
  }

  return {
    lookAgain: (incidentId) => ask(incidentId, clock.now()),
    async takeUp() {
      for (const { id, state, alertedAtMs, advice } of await store.openIncidents()) {
        // Every answer of a host names its limits.
        if (state === 'open' && alertedAtMs !== undefined && advice?.limit === undefined) run(id, 0)
      }
    },
    noticed(incidentId, reasons) {
      if ([...reasons].some((reason) => AT_ONCE.has(reason))) {
        run(incidentId, 0)
        return
      }
      if (!reasons.has('more-hits') || waiting.has(incidentId)) return
      isStale(incidentId).then(
        (stale) => {
          if (stale) run(incidentId, 0)
        },
        (error: unknown) => log.error({ incident: incidentId, err: error }, 'reading an incident failed'),
      )
    },
  }
}
