import type { Plan } from '../../src/remediation/mail-host.ts'
import type { Person } from '../../src/remediation/person.ts'
import type { Remediation } from '../../src/remediation/remediation.ts'

export function aPlan(plan: Partial<Plan> = {}): Plan {
  return {
    kind: 'raise',
    service: 'imap',
    oldValue: 10,
    newValue: 20,
    where: { file: '/etc/dovecot/conf.d/20-imap.conf', line: 96 },
    digest: 'd'.repeat(64),
    diff: [
      {
        file: '/etc/dovecot/conf.d/20-imap.conf',
        line: 96,
        sign: '+',
        text: '  mail_max_userip_connections = 20',
      },
    ],
    impact: { sessions: 37, shutdownClients: true, processCount: 40, processLimit: 1024 },
    notices: [],
    ...plan,
  }
}

export function aRemediation(remediation: Partial<Remediation> = {}): Remediation {
  return {
    id: 'rem-00000001',
    kind: 'raise',
    host: 'mx1',
    service: 'imap',
    client: '192.0.2.7',
    incidentId: 'inc1',
    of: undefined,
    state: 'proposed',
    plan: aPlan(),
    adviseOnly: false,
    requestedBy: undefined,
    approvals: [],
    approvalsRequired: 1,
    proposedAtMs: 1_000,
    expiresAtMs: 1_801_000,
    records: [],
    end: undefined,
    verification: undefined,
    explanation: undefined,
    finishedAtMs: undefined,
    revision: 1,
    ...remediation,
  }
}

export function aPerson(person: Partial<Person> = {}): Person {
  return { id: 'U1', teamId: 'T1', standing: 'member', isApprover: true, isReader: true, ...person }
}
