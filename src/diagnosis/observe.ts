import { canonicalAddress } from '../dovecot/canonical-address.ts'
import { clientKey } from '../dovecot/client-key.ts'
import type { Session } from '../dovecot/session.ts'
import type { DiagnosisInput, SessionSample } from './diagnosis-input.ts'

/** What one sample of the live sessions shows about an incident. */
export type Observation = {
  readonly atMs: number
  /** Sessions that count towards the limit: this user, this service, exactly this address. */
  readonly counted: number
  /** Process ids of these, one for each session. */
  readonly pids: readonly number[]
  /** This user's sessions on this service from other addresses. */
  readonly elsewhere: number
  /** Addresses of this client (several only in an IPv6 /64) from which this user is connected. */
  readonly addresses: number
  /** Other users connected from this client, on any service, and their sessions. */
  readonly otherUsers: number
  readonly otherSessions: number
}

export function observe(sample: SessionSample, input: DiagnosisInput): Observation {
  const { ip, userCut, service } = input
  const address = ip === undefined ? undefined : canonicalAddress(ip)
  const client = ip === undefined ? undefined : clientKey(ip)
  const pids: number[] = []
  const addresses = new Set<string>()
  const others = new Set<string>()
  let elsewhere = 0
  let otherSessions = 0
  for (const session of sample.sessions) {
    const isClient = client !== undefined && clientKey(session.ip) === client
    if (!isUser(session, input.user, userCut)) {
      if (!isClient) continue
      others.add(session.user)
      otherSessions += 1
    } else if (counterOf(session.service) === service) {
      if (isClient) addresses.add(session.ip)
      if (address !== undefined && canonicalAddress(session.ip) === address) pids.push(session.pid)
      else elsewhere += 1
    }
  }
  return {
    atMs: sample.atMs,
    counted: pids.length,
    pids,
    elsewhere,
    addresses: addresses.size,
    otherUsers: others.size,
    otherSessions,
  }
}

/** Names are counted case-sensitively; of a name that the log cut only the beginning is known. */
function isUser(session: Session, user: string, userCut: boolean): boolean {
  return userCut ? session.user.startsWith(user.slice(0, -3)) : session.user === user
}

/** Some versions call ManageSieve's sessions by the login service's name. */
function counterOf(service: string): string {
  return service === 'managesieve' ? 'sieve' : service
}
