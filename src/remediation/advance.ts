import type { Log } from '../lib/log.ts'
import { intentsOf } from './intents.ts'
import { next, type RemediationEvent } from './reducer.ts'
import type { AuditEntry, RemediationStore } from './remediation-store.ts'
import type { Remediation } from './remediation.ts'

export type AdvanceParts = {
  readonly store: RemediationStore
  readonly log: Log
  /** The lane of the ops channel. */
  readonly lane: string
  /** Called after each stored step, so that the outbox looks at once. */
  readonly stored: () => void
}

/** `won`: the event was stored by this call. Otherwise `remediation` is what is stored now, and the event had no effect. */
export type Advanced = { readonly won: boolean; readonly remediation: Remediation }

/** One event: reduced, stored by compare-and-set together with what is to be said and the audit. */
export async function advance(
  remediation: Remediation,
  event: RemediationEvent,
  parts: AdvanceParts,
  audit: readonly AuditEntry[] = [],
): Promise<Advanced> {
  const transition = next(remediation, event)
  if (transition.kind === 'refused') {
    parts.log.debug(
      { id: remediation.id, state: transition.state, event: event.kind },
      'event does not fit the state',
    )
    return { won: false, remediation }
  }
  const effects = { intents: intentsOf(transition.remediation, parts.lane), audit }
  const result = await parts.store.advance(remediation.revision, transition.remediation, effects)
  if (result === 'changed') {
    return { won: false, remediation: (await parts.store.remediation(remediation.id)) ?? remediation }
  }
  parts.stored()
  return { won: true, remediation: transition.remediation }
}
