import type { Session } from '../dovecot/session.ts'

/** The port to one mail host: each method is one conversation of host/PROTOCOL.md. Faults (unreachable, void answers, deadlines) are `OpsError`. */
export type MailHost = {
  readonly name: string
  hello(): Promise<HostFacts>
  /** Live sessions, of one user (matched exactly) or of all. */
  who(user?: string): Promise<readonly Session[]>
  /** Computes a change without making it. */
  plan(request: PlanRequest): Promise<PlanAnswer>
  /** Carries a plan out; yields each record of the transcript as it is known, returns the end. Asking again with the same id never does it twice. */
  apply(request: ApplyRequest): AsyncGenerator<TranscriptRecord, TranscriptEnd, void>
  rollback(request: RollbackRequest): AsyncGenerator<TranscriptRecord, TranscriptEnd, void>
  status(id: string): Promise<Transcript>
  /** As `status`; an id that the host does not know can never begin afterwards. */
  void(id: string): Promise<Transcript>
}

export type HostFacts = {
  readonly protocol: number
  readonly helperVersion: string
  readonly dovecotVersion: string
  readonly dovecotRunning: boolean
  readonly os: string
  readonly hostname: string
  readonly log: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'journal' | 'none' }
  /** The last time that Dovecot's messages were dropped on their way to the log, if that was lately; by the host's clock. */
  readonly suppressed?: Suppressed
  readonly maxLimit: number
  readonly changes: 'yes' | 'advise' | 'no'
  readonly shutdownClients: boolean | undefined
  /** Host clock minus ours, ms. */
  readonly clockOffsetMs: number
  readonly utcOffsetMinutes: number
  readonly limits: readonly EffectiveLimit[]
}

export type Suppressed = {
  readonly by: 'journald' | 'rsyslog'
  /** Undefined: not known. */
  readonly count: number | undefined
  readonly atMs: number
}

export type EffectiveLimit = {
  readonly service: string
  /** 0 means none. */
  readonly value: number
  /** Undefined: Dovecot's default. */
  readonly where: FileLine | undefined
  /** When that file was last changed, by the host's clock; a helper of an older release does not say. */
  readonly fileChangedAtMs?: number
}

export type FileLine = { readonly file: string; readonly line: number }

export type PlanRequest =
  | {
      readonly kind: 'raise'
      readonly service: string
      readonly value: number
      readonly client: string | undefined
    }
  | { readonly kind: 'rollback'; readonly of: string }

export type Plan = {
  readonly kind: 'raise' | 'rollback'
  readonly service: string
  readonly oldValue: number
  readonly newValue: number
  readonly where: FileLine
  /** sha256 (hex) over everything that the plan rests on; the host refuses an apply whose digest does not fit any more. */
  readonly digest: string
  readonly diff: readonly DiffLine[]
  readonly impact: Impact
  readonly notices: readonly Notice[]
}

export type DiffLine = {
  readonly file: string
  readonly line: number
  readonly sign: '-' | '+'
  /** Untrusted text, latin1-safe decoded, no LF. */
  readonly text: string
}

export type Impact = {
  /** Live sessions that the reload disconnects, all services. */
  readonly sessions: number | undefined
  readonly shutdownClients: boolean | undefined
  readonly processCount: number | undefined
  readonly processLimit: number | undefined
}

export type Notice = {
  readonly severity: 'warning' | 'advise' | 'refusal'
  readonly code: string
  readonly where: FileLine | undefined
  readonly text: string
}

/** `advise`: the plan may be shown, but there must be no button. */
export type PlanAnswer =
  | { readonly kind: 'plan' | 'advise'; readonly plan: Plan }
  | { readonly kind: 'refused'; readonly code: string; readonly notices: readonly Notice[] }

export type ApplyRequest = {
  readonly id: string
  readonly service: string
  readonly value: number
  readonly client: string | undefined
  readonly digest: string
  /** Who approved, as the host's syslog shall name them: [A-Za-z0-9._@:-]. */
  readonly actor: string
  /** By our clock; the adapter translates to the host's. */
  readonly expiresAtMs: number
}

export type RollbackRequest = {
  readonly id: string
  readonly of: string
  readonly digest: string
  readonly actor: string
  readonly expiresAtMs: number
}

export type TranscriptRecord =
  | {
      readonly kind: 'step'
      /** A name of host/PROTOCOL.md: lock, heal, check, try, backup, write, install, diff, validate, before, reload, proof, effective, after, restore … */
      readonly name: string
      readonly state: 'ok' | 'failed' | 'skipped'
      /** By the host's clock. */
      readonly atMs: number
      readonly detail: string
    }
  | ({ readonly kind: 'diff' } & DiffLine)
  | ({ readonly kind: 'notice' } & Notice)

export type TranscriptEnd =
  | { readonly kind: 'applied' | 'rolled-back' }
  /** The host changed nothing. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Changed, and put back by the host. */
  | { readonly kind: 'restored'; readonly code: string }
  | { readonly kind: 'needs-operator'; readonly code: string }
  /** The id is still being carried out. */
  | { readonly kind: 'running' }
  /** `status` of an id that the host does not know. */
  | { readonly kind: 'unknown' }
  /** `void`: it can never begin. */
  | { readonly kind: 'voided' }

export type Transcript = { readonly records: readonly TranscriptRecord[]; readonly end: TranscriptEnd }
