import { clientKey } from '../dovecot/client-key.ts'
import type { LimitHit } from '../dovecot/limit-hit.ts'
import type { IncidentKey } from './incident.ts'

/** What a hit is about: the same user from the same client at the same service of the same host. */
export function incidentKey(host: string, hit: LimitHit): IncidentKey {
  return {
    host,
    service: hit.service,
    user: hit.user,
    client: hit.rip === undefined ? '-' : (clientKey(hit.rip) ?? '-'),
  }
}
