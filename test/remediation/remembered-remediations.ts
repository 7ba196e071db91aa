import type { AuditEntry, Effects, RemediationStore } from '../../src/remediation/remediation-store.ts'
import type { Remediation } from '../../src/remediation/remediation.ts'

/** The part of the store that the executor needs, in memory, with the same compare-and-set. */
export class RememberedRemediations implements RemediationStore {
  readonly states: string[] = []
  readonly audited: AuditEntry[] = []
  hits: Array<{ limit: number | undefined; hits: number }> = []
  private readonly rows = new Map<string, Remediation>()

  put(remediation: Remediation): void {
    this.rows.set(remediation.id, remediation)
  }

  now(id: string): Remediation {
    const row = this.rows.get(id)
    if (row === undefined) throw new Error(`no remediation ${id}`)
    return row
  }

  async propose(remediation: Remediation): Promise<void> {
    this.put(remediation)
  }

  async remediation(id: string): Promise<Remediation | undefined> {
    return this.rows.get(id)
  }

  async advance(expectedRevision: number, next: Remediation, effects: Effects): Promise<'done' | 'changed'> {
    if (this.now(next.id).revision !== expectedRevision) return 'changed'
    this.put(next)
    this.states.push(next.state)
    this.audited.push(...effects.audit)
    return 'done'
  }

  async unfinished(): Promise<readonly Remediation[]> {
    return [...this.rows.values()].filter((row) => ['approved', 'applying', 'verifying'].includes(row.state))
  }

  async proposals(): Promise<readonly Remediation[]> {
    return [...this.rows.values()].filter((row) => row.state === 'proposed')
  }

  async lastChange(): Promise<undefined> {
    return undefined
  }

  async hitsByLimit(): Promise<ReadonlyArray<{ limit: number | undefined; hits: number }>> {
    return this.hits
  }

  async history(): Promise<readonly Remediation[]> {
    return [...this.rows.values()]
  }

  async audit(entry: AuditEntry): Promise<void> {
    this.audited.push(entry)
  }
}
