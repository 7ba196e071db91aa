import type { Intent } from '../outbox/intent.ts'
import type { Incident } from './incident.ts'

/** The alert of an incident is to be posted or brought up to date; nothing, while it has no alert of its own. */
export function alertIntents(incident: Incident, lane: string, relaxed = false): readonly Intent[] {
  if (incident.alertedAtMs === undefined) return []
  return [
    {
      lane,
      messageKey: `alert:${incident.id}`,
      kind: 'alert',
      subjectId: incident.id,
      revision: incident.revision,
      threadOf: undefined,
      ...(relaxed ? { relaxed: true } : {}),
    },
  ]
}
