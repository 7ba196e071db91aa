import type { Service } from '../dovecot/limit-hit.ts'
import type { Session } from '../dovecot/session.ts'

/** Everything that a diagnosis may rest on. */
export type DiagnosisInput = {
  readonly nowMs: number
  readonly user: string
  /** Dovecot cut the name in the log; it is then the beginning of the real one. */
  readonly userCut: boolean
  readonly service: Service
  /** The client's address as the newest hit names it. */
  readonly ip: string | undefined
  /** The server's address as the newest hit names it. */
  readonly serverIp: string | undefined
  /** Refused logins of this incident, in any order. Repeated attempts of one client are all in it. */
  readonly hits: readonly Refusal[]
  /** How many other users were refused at the same client lately. */
  readonly otherUsersRefused: number
  /** Live sessions of all users on that host, oldest sample first; empty when the host did not answer. */
  readonly samples: readonly SessionSample[]
  /** The limit in force for the service, asked from the host; 0 means none, undefined: not known. */
  readonly limit: number | undefined
  /** The highest value that may be proposed: LIMIT_MAX or the host's own cap, the lower one. */
  readonly cap: number
  /** The newest proven change of this limit on this host. */
  readonly lastChange:
    | { readonly oldValue: number; readonly newValue: number; readonly atMs: number }
    | undefined
  /** This user was refused at this client before `lastChange`, be it in an incident that is over. */
  readonly refusedBeforeChange: boolean
}

export type Refusal = { readonly atMs: number; readonly limit: number | undefined }

export type SessionSample = { readonly atMs: number; readonly sessions: readonly Session[] }
