import { alertIntents } from './alert-intent.ts'
import type { Act } from './act.ts'
import type { Incident } from './incident.ts'

/** When it resolves by itself, if no hit comes. A snooze is kept to its end. */
function quietAtMs(incident: Incident, quietAfterMs: number): number {
  return Math.max(incident.lastHitAtMs + quietAfterMs, incident.snoozedUntilMs ?? 0)
}

export function isQuiet(incident: Incident, nowMs: number, quietAfterMs: number): boolean {
  return nowMs >= quietAtMs(incident, quietAfterMs)
}

/** The incident is over when nothing was heard of it for `quietAfterMs`. */
export function resolveQuiet(incident: Incident, nowMs: number, quietAfterMs: number, lane: string): Act {
  if (incident.state === 'resolved' || !isQuiet(incident, nowMs, quietAfterMs)) {
    return { kind: 'nothing', reason: 'nothing-to-say' }
  }
  const next = resolved(incident, nowMs)
  return { kind: 'changed', reason: 'quiet-resolved', incident: next, intents: alertIntents(next, lane) }
}

export function resolved(incident: Incident, nowMs: number): Incident {
  return { ...incident, state: 'resolved', resolvedAtMs: nowMs, revision: incident.revision + 1 }
}
