import type { Intent } from '../outbox/intent.ts'
import type { Reason } from './reason.ts'
import type { Incident } from './incident.ts'

/** What a person or a timer does to an incident; `changed` is stored by compare-and-set. */
export type Act =
  | {
      readonly kind: 'changed'
      readonly reason: Reason
      readonly incident: Incident
      readonly intents: readonly Intent[]
    }
  /** It does not apply to the state that the incident is in. */
  | { readonly kind: 'nothing'; readonly reason: 'nothing-to-say' }
