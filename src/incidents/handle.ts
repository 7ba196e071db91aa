import type { Act } from './act.ts'
import { alertIntents } from './alert-intent.ts'
import type { Reason } from './reason.ts'
import type { Incident } from './incident.ts'

const NOTHING: Act = { kind: 'nothing', reason: 'nothing-to-say' }

/** Hits are counted on, nothing is said until then. A second snooze replaces the first. */
export function snooze(incident: Incident, by: string, untilMs: number, lane: string): Act {
  if (incident.state === 'resolved') return NOTHING
  return changed(incident, { state: 'snoozed', handledBy: by, snoozedUntilMs: untilMs }, 'snoozed', lane)
}

/** Nothing is said any more until it has resolved by itself. */
export function dismiss(incident: Incident, by: string, lane: string): Act {
  if (incident.state === 'resolved' || incident.state === 'dismissed') return NOTHING
  return changed(
    incident,
    { state: 'dismissed', handledBy: by, snoozedUntilMs: undefined },
    'dismissed',
    lane,
  )
}

/** The snooze has run out. */
export function unsnooze(incident: Incident, nowMs: number, lane: string): Act {
  if (incident.state !== 'snoozed' || nowMs < (incident.snoozedUntilMs ?? 0)) return NOTHING
  return changed(
    incident,
    { state: 'open', handledBy: undefined, snoozedUntilMs: undefined },
    'unsnoozed',
    lane,
  )
}

/** A person takes a snooze or a dismissal back. */
export function reopen(incident: Incident, lane: string): Act {
  if (incident.state !== 'snoozed' && incident.state !== 'dismissed') return NOTHING
  return changed(
    incident,
    { state: 'open', handledBy: undefined, snoozedUntilMs: undefined },
    'reopened',
    lane,
  )
}

function changed(incident: Incident, change: Partial<Incident>, reason: Reason, lane: string): Act {
  const next = { ...incident, ...change, revision: incident.revision + 1 }
  return { kind: 'changed', reason, incident: next, intents: alertIntents(next, lane) }
}
