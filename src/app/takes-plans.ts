import type { Incident } from '../incidents/incident.ts'

/** The alert of an incident that is over, or that was dismissed, shows no plan any more. */
export function takesPlans(incident: Incident | undefined): incident is Incident {
  return incident?.state === 'open' || incident?.state === 'snoozed'
}
