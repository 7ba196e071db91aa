import type { Act } from './act.ts'
import { unsnooze } from './handle.ts'
import type { Incident } from './incident.ts'
import { resolveQuiet } from './resolve-quiet.ts'

/** What a timer does to an incident: it resolves when it has been quiet for long enough, otherwise its snooze ends if it is time. */
export function whenDue(incident: Incident, nowMs: number, quietAfterMs: number, lane: string): Act {
  const quiet = resolveQuiet(incident, nowMs, quietAfterMs, lane)
  return quiet.kind === 'changed' ? quiet : unsnooze(incident, nowMs, lane)
}
