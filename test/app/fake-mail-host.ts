import type { Session } from '../../src/dovecot/session.ts'
import type { OpsError } from '../../src/lib/errors.ts'
import type {
  ApplyRequest,
  EffectiveLimit,
  HostFacts,
  MailHost,
  Notice,
  Plan,
  PlanAnswer,
  PlanRequest,
  RollbackRequest,
  Suppressed,
  Transcript,
  TranscriptEnd,
  TranscriptRecord,
} from '../../src/remediation/mail-host.ts'
import { aPlan } from '../remediation/a-remediation.ts'

/** A host that keeps the rules of host/PROTOCOL.md in memory: one change an id, digests, no lowering but by rollback. */
export class FakeMailHost implements MailHost {
  readonly name: string
  limit = 10
  /** Where the limit stands, and when that file was last changed. */
  decider: Pick<EffectiveLimit, 'where' | 'fileChangedAtMs'> = { where: undefined }
  clockOffsetMs = 0
  /** When a change says that it put the new file in place, if it says so. */
  installedAtMs: number | undefined
  /** Counts up when somebody else edits the configuration: every digest changes. */
  edits = 0
  sessions: Session[] = []
  changes: HostFacts['changes'] = 'yes'
  maxLimit = 100
  dovecotRunning = true
  logKind: HostFacts['log']['kind'] = 'file'
  suppressed: Suppressed | undefined
  /** What the plan warns or advises of; an `advise` among them takes the button, as on a file that a tool writes. */
  notices: readonly Notice[] = []
  /** The host would not plan at all. */
  planRefusal: Notice | undefined
  fault: OpsError | undefined
  readonly calls: string[] = []
  private readonly done = new Map<string, { readonly oldValue: number; readonly end: TranscriptEnd }>()

  constructor(name: string) {
    this.name = name
  }

  holds(user: string, count: number, ip = '192.0.2.7'): void {
    const one = (pid: number): Session => ({ user, service: 'imap', pid, ip, destIp: undefined })
    this.sessions = Array.from({ length: count }, (_, index) => one(1_000 + index))
  }

  async hello(): Promise<HostFacts> {
    this.called('hello')
    return {
      protocol: 1,
      helperVersion: '0.1.0',
      dovecotVersion: '2.3.19',
      dovecotRunning: this.dovecotRunning,
      os: 'Debian GNU/Linux 12',
      hostname: this.name,
      log: this.logKind === 'file' ? { kind: 'file', path: '/var/log/mail.log' } : { kind: this.logKind },
      ...(this.suppressed === undefined ? {} : { suppressed: this.suppressed }),
      maxLimit: this.maxLimit,
      changes: this.changes,
      shutdownClients: true,
      clockOffsetMs: this.clockOffsetMs,
      utcOffsetMinutes: 0,
      limits: [{ service: 'imap', value: this.limit, ...this.decider }],
    }
  }

  async who(user?: string): Promise<readonly Session[]> {
    this.called('who')
    return this.sessions.filter((session) => user === undefined || session.user === user)
  }

  async plan(request: PlanRequest): Promise<PlanAnswer> {
    this.called('plan')
    if (this.planRefusal !== undefined)
      return { kind: 'refused', code: this.planRefusal.code, notices: [...this.notices, this.planRefusal] }
    if (request.kind === 'rollback') {
      const former = this.done.get(request.of)
      return former === undefined ? refusal('unknown') : this.planned('rollback', former.oldValue)
    }
    return request.value <= this.limit ? refusal('lower') : this.planned('raise', request.value)
  }

  async *apply(request: ApplyRequest): AsyncGenerator<TranscriptRecord, TranscriptEnd, void> {
    this.called(`apply ${request.id}`)
    if (request.digest !== this.digest('raise', request.value)) return { kind: 'refused', code: 'digest' }
    yield* this.change(request.id, request.value)
    return { kind: 'applied' }
  }

  async *rollback(request: RollbackRequest): AsyncGenerator<TranscriptRecord, TranscriptEnd, void> {
    this.called(`rollback ${request.id}`)
    const former = this.done.get(request.of)
    if (former === undefined) return { kind: 'refused', code: 'unknown' }
    yield* this.change(request.id, former.oldValue)
    return { kind: 'rolled-back' }
  }

  async status(id: string): Promise<Transcript> {
    this.called('status')
    return { records: [], end: this.done.get(id)?.end ?? { kind: 'unknown' } }
  }

  async void(id: string): Promise<Transcript> {
    this.called('void')
    return { records: [], end: this.done.get(id)?.end ?? { kind: 'voided' } }
  }

  private *change(id: string, value: number): Generator<TranscriptRecord, void, void> {
    yield { kind: 'step', name: 'backup', state: 'ok', atMs: 1, detail: '' }
    if (this.installedAtMs !== undefined)
      yield { kind: 'step', name: 'install', state: 'ok', atMs: this.installedAtMs, detail: '' }
    this.done.set(id, { oldValue: this.limit, end: { kind: 'applied' } })
    this.limit = value
    yield { kind: 'step', name: 'effective', state: 'ok', atMs: 2, detail: String(value) }
  }

  private planned(kind: Plan['kind'], value: number): PlanAnswer {
    const plan = aPlan({
      kind,
      oldValue: this.limit,
      newValue: value,
      digest: this.digest(kind, value),
      notices: this.notices,
      impact: { sessions: this.sessions.length, shutdownClients: true, processCount: 5, processLimit: 1024 },
    })
    const advised = this.changes === 'advise' || this.notices.some(({ severity }) => severity === 'advise')
    return { kind: advised ? 'advise' : 'plan', plan }
  }

  private digest(kind: string, value: number): string {
    return `${kind} ${this.limit} ${value} ${this.edits}`
  }

  private called(what: string): void {
    this.calls.push(what)
    if (this.fault !== undefined) throw this.fault
  }
}

function refusal(code: string): PlanAnswer {
  const text = `refused for the reason ${code}`
  return { kind: 'refused', code, notices: [{ severity: 'refusal', code, where: undefined, text }] }
}
