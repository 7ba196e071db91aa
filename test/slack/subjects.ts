import type { Diagnosis } from '../../src/diagnosis/diagnosis.ts'
import type { LimitHit } from '../../src/dovecot/limit-hit.ts'
import type { Advice, Incident, LastChange } from '../../src/incidents/incident.ts'
import type { TranscriptRecord } from '../../src/remediation/mail-host.ts'
import type { Remediation } from '../../src/remediation/remediation.ts'
import type {
  AlertSubject,
  AwaySubject,
  ChangeSubject,
  HostNotice,
  HostState,
  UserStatus,
} from '../../src/slack/desk.ts'
import { aRemediation } from '../remediation/a-remediation.ts'

export const nowMs = Date.UTC(2026, 10, 24, 8, 40, 0)
const minute = 60_000

export function aHit(hit: Partial<LimitHit> = {}): LimitHit {
  return {
    loggedAtMs: nowMs - minute,
    timeText: 'Nov 24 08:39:00',
    logHost: 'mx1',
    program: 'dovecot',
    logPid: 4242,
    loginService: 'imap-login',
    service: 'imap',
    event: 'Disconnected',
    setting: 'mail_max_userip_connections',
    limit: 10,
    reasonTail: undefined,
    user: 'taro@example.com',
    userCut: false,
    method: 'PLAIN',
    rip: '203.0.113.9',
    lip: '192.0.2.25',
    tls: 'TLS',
    session: 'AbCdEf0123',
    extras: [],
    raw: 'Nov 24 08:39:00 mx1 dovecot[4242]: imap-login: Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): user=<taro@example.com>, method=PLAIN, rip=203.0.113.9, lip=192.0.2.25, TLS, session=<AbCdEf0123>',
    ...hit,
  }
}

function aDiagnosis(diagnosis: Partial<Diagnosis> = {}): Diagnosis {
  return {
    kind: 'many-devices',
    summary: 'One user, alone at this address, needs more connections than the limit allows.',
    evidence: ['10 live imap sessions from 203.0.113.9.', 'No other user connects from there.'],
    recommend: 'raise',
    suggestedValue: 20,
    why: 'Twice the sessions of now leaves room for another device.',
    advice: [],
    ...diagnosis,
  }
}

export function someAdvice(advice: Partial<Advice> = {}): Advice {
  return {
    atMs: nowMs - 1000,
    diagnosis: aDiagnosis(),
    connections: [
      { service: 'imap', ip: '203.0.113.9', count: 10 },
      { service: 'pop3', ip: '203.0.113.9', count: 1 },
    ],
    limit: 10,
    limitWhere: { file: '/etc/dovecot/conf.d/20-imap.conf', line: 96 },
    remediationId: 'rem-00000001',
    noPlan: undefined,
    ...advice,
  }
}

export function anIncident(incident: Partial<Incident> = {}): Incident {
  return {
    id: 'inc1',
    host: 'mx1',
    service: 'imap',
    user: 'taro@example.com',
    client: '203.0.113.9',
    state: 'open',
    openedAtMs: nowMs - 3 * minute,
    firstHitAtMs: nowMs - 3 * minute,
    lastHitAtMs: nowMs - minute,
    hits: 12,
    recentHitsAtMs: [nowMs - 3 * minute, nowMs - 2 * minute, nowMs - minute],
    addresses: ['203.0.113.9'],
    lastHit: aHit(),
    limit: 10,
    change: undefined,
    hitsAtNewValue: 0,
    advice: someAdvice(),
    handledBy: undefined,
    snoozedUntilMs: undefined,
    resolvedAtMs: undefined,
    alertedAtMs: nowMs - minute,
    stormId: undefined,
    revision: 3,
    ...incident,
  }
}

export function aProposal(remediation: Partial<Remediation> = {}): Remediation {
  return aRemediation({ proposedAtMs: nowMs - minute, expiresAtMs: nowMs + 29 * minute, ...remediation })
}

export function anAlert(alert: Partial<AlertSubject> = {}): AlertSubject {
  return {
    incident: anIncident(),
    proposal: aProposal(),
    remediations: [],
    overtakenBy: undefined,
    nobodyCanApprove: false,
    limitMax: 100,
    nowMs,
    ...alert,
  }
}

export function stepRecord(
  name: string,
  state: 'ok' | 'failed' | 'skipped' = 'ok',
  detail = 'done',
): TranscriptRecord {
  return { kind: 'step', name, state, atMs: nowMs, detail }
}

export function aLaterChange(oldValue: number, newValue: number): LastChange {
  return { remediationId: 'rem-00000009', oldValue, newValue, atMs: nowMs }
}

export function aChange(remediation: Remediation, overtakenBy?: LastChange): ChangeSubject {
  return { remediation, overtakenBy }
}

const approval = { by: 'U0APPROVER1', atMs: nowMs }

/** A remediation in each state, as it would be on an alert or in a thread. */
export const remediationStates: Readonly<Record<string, Remediation>> = {
  proposed: aProposal(),
  'one of two approvals': aProposal({ approvalsRequired: 2, approvals: [approval] }),
  approved: aProposal({ state: 'approved', approvals: [approval] }),
  applying: aProposal({
    state: 'applying',
    approvals: [approval],
    records: [stepRecord('lock'), stepRecord('heal', 'skipped', '-'), stepRecord('check')],
  }),
  verifying: aProposal({
    state: 'verifying',
    approvals: [approval],
    records: [stepRecord('lock'), stepRecord('reload'), { kind: 'diff', ...aProposal().plan.diff[0]! }],
    end: { kind: 'applied' },
    verification: {
      startedAtMs: nowMs,
      untilMs: nowMs + 10 * minute,
      effectiveValue: 20,
      hitsAtNewValue: 0,
      hitsAtOldValue: 2,
    },
  }),
  succeeded: aProposal({
    state: 'succeeded',
    approvals: [approval],
    records: [stepRecord('lock'), stepRecord('reload')],
    end: { kind: 'applied' },
    finishedAtMs: nowMs,
    verification: {
      startedAtMs: nowMs,
      untilMs: nowMs,
      effectiveValue: 20,
      hitsAtNewValue: 0,
      hitsAtOldValue: 0,
    },
  }),
  'reached again': aProposal({
    state: 'succeeded',
    approvals: [approval],
    end: { kind: 'applied' },
    verification: {
      startedAtMs: nowMs,
      untilMs: nowMs,
      effectiveValue: 19,
      hitsAtNewValue: 4,
      hitsAtOldValue: 0,
    },
  }),
  rejected: aProposal({ state: 'rejected', explanation: 'Rejected by hand.' }),
  expired: aProposal({ state: 'expired', expiresAtMs: nowMs - 1 }),
  superseded: aProposal({ state: 'superseded' }),
  refused: aProposal({
    state: 'refused',
    approvals: [approval],
    end: { kind: 'refused', code: 'digest' },
    explanation: 'The file changed since the plan was made.',
    records: [stepRecord('lock'), stepRecord('check', 'failed', 'digest')],
  }),
  restored: aProposal({
    state: 'restored',
    approvals: [approval],
    end: { kind: 'restored', code: 'validate' },
    records: [
      stepRecord('install'),
      stepRecord('validate', 'failed', 'exit 89'),
      stepRecord('restore'),
      stepRecord('revalidate'),
    ],
  }),
  'needs operator': aProposal({
    state: 'needs_operator',
    approvals: [approval],
    end: { kind: 'needs-operator', code: 'file-changed' },
    explanation: 'The file is no longer as maillimit left it.',
    records: [
      stepRecord('install'),
      {
        kind: 'notice',
        severity: 'refusal',
        code: 'look',
        where: { file: '/etc/dovecot/conf.d/20-imap.conf', line: 96 },
        text: 'Run: diff /etc/dovecot/conf.d/20-imap.conf /etc/dovecot/conf.d/20-imap.conf.20261124-084000',
      },
    ],
  }),
  'advise only': aProposal({ adviseOnly: true }),
  'rollback proposed': aProposal({
    kind: 'rollback',
    of: 'rem-00000001',
    id: 'rem-00000002',
    plan: { ...aProposal().plan, kind: 'rollback', oldValue: 20, newValue: 10 },
  }),
  'rollback done': aProposal({
    kind: 'rollback',
    of: 'rem-00000001',
    id: 'rem-00000002',
    state: 'succeeded',
    approvals: [approval],
    plan: { ...aProposal().plan, kind: 'rollback', oldValue: 20, newValue: 10 },
    end: { kind: 'rolled-back' },
  }),
}

const { verifying, succeeded } = remediationStates as { verifying: Remediation; succeeded: Remediation }

/** An alert in each state that it can be in. */
export const alertStates: Readonly<Record<string, AlertSubject>> = {
  'just posted': anAlert({ incident: anIncident({ advice: undefined, hits: 1 }), proposal: undefined }),
  'a plan waits': anAlert(),
  'no plan': anAlert({
    incident: anIncident({
      advice: someAdvice({ noPlan: 'The configuration is broken already.', remediationId: undefined }),
    }),
    proposal: undefined,
  }),
  unconfirmed: anAlert({
    incident: anIncident({
      advice: someAdvice({
        connections: [],
        diagnosis: aDiagnosis({ kind: 'unconfirmed', recommend: 'look-again', suggestedValue: undefined }),
      }),
    }),
    proposal: undefined,
  }),
  'mend the client': anAlert({
    incident: anIncident({
      advice: someAdvice({
        diagnosis: aDiagnosis({
          kind: 'leaking-client',
          recommend: 'mend-client',
          suggestedValue: undefined,
          advice: [
            {
              kind: 'command',
              purpose: 'Ends the sessions of this user.',
              text: 'doveadm kick taro@example.com 203.0.113.9',
            },
          ],
        }),
      }),
    }),
    proposal: undefined,
  }),
  'plan expired': anAlert({ proposal: aProposal({ expiresAtMs: nowMs }) }),
  'plan superseded': anAlert({ proposal: remediationStates['superseded'] }),
  'plan rejected': anAlert({ proposal: remediationStates['rejected'] }),
  'advise only': anAlert({ proposal: remediationStates['advise only'] }),
  'nobody can approve': anAlert({ nobodyCanApprove: true }),
  'one of two approvals': anAlert({ proposal: remediationStates['one of two approvals'] }),
  snoozed: anAlert({
    incident: anIncident({ state: 'snoozed', handledBy: 'U0APPROVER1', snoozedUntilMs: nowMs + 60 * minute }),
  }),
  dismissed: anAlert({ incident: anIncident({ state: 'dismissed', handledBy: 'U0APPROVER1' }) }),
  resolved: anAlert({
    incident: anIncident({ state: 'resolved', resolvedAtMs: nowMs }),
    proposal: undefined,
  }),
  'resolved after a raise': anAlert({
    incident: anIncident({ state: 'resolved', resolvedAtMs: nowMs }),
    proposal: undefined,
    remediations: [succeeded],
  }),
  approved: anAlert({ proposal: undefined, remediations: [remediationStates['approved']!] }),
  applying: anAlert({ proposal: undefined, remediations: [remediationStates['applying']!] }),
  verifying: anAlert({ proposal: undefined, remediations: [verifying] }),
  succeeded: anAlert({ proposal: undefined, remediations: [succeeded] }),
  'reached again': anAlert({
    incident: anIncident({ hitsAtNewValue: 4 }),
    proposal: aProposal({ id: 'rem-00000003' }),
    remediations: [succeeded],
  }),
  refused: anAlert({ proposal: undefined, remediations: [remediationStates['refused']!] }),
  restored: anAlert({ proposal: undefined, remediations: [remediationStates['restored']!] }),
  'needs operator': anAlert({ proposal: undefined, remediations: [remediationStates['needs operator']!] }),
  'rollback proposed': anAlert({
    proposal: remediationStates['rollback proposed'],
    remediations: [succeeded],
  }),
  'raised further elsewhere': anAlert({
    proposal: undefined,
    remediations: [succeeded],
    overtakenBy: aLaterChange(20, 40),
  }),
  'rolled back elsewhere': anAlert({
    proposal: undefined,
    remediations: [succeeded],
    overtakenBy: aLaterChange(20, 10),
  }),
  'rolled back': anAlert({
    proposal: undefined,
    remediations: [remediationStates['rollback done']!, succeeded],
  }),
}

export function aNotice(notice: Partial<HostNotice> = {}): HostNotice {
  return {
    host: 'mx1',
    code: 'unreachable',
    state: 'open',
    sinceMs: nowMs - 5 * minute,
    untilMs: undefined,
    text: 'The host cannot be reached.',
    hint: 'Check the network and sshd.',
    ...notice,
  }
}

export function anAway(away: Partial<AwaySubject> = {}): AwaySubject {
  return {
    host: 'mx1',
    hits: 31,
    firstAtMs: nowMs - 120 * minute,
    lastAtMs: nowMs - 60 * minute,
    users: [{ user: 'taro@example.com', service: 'imap', client: '203.0.113.9', hits: 31 }],
    ...away,
  }
}

export function aHost(host: Partial<HostState> = {}): HostState {
  return {
    name: 'mx1',
    state: 'following',
    detail: undefined,
    hint: undefined,
    sinceMs: nowMs - 60 * minute,
    dovecotVersion: '2.3.16',
    logPath: '/var/log/maillog',
    lastLineAtMs: nowMs - minute,
    limits: [{ service: 'imap', value: 10, where: undefined }],
    changes: 'yes',
    maxLimit: 100,
    openIncidents: 1,
    ...host,
  }
}

export function aStatus(status: Partial<UserStatus> = {}): UserStatus {
  return {
    user: 'taro@example.com',
    nowMs,
    hosts: [
      {
        host: 'mx1',
        fault: undefined,
        limits: [
          { service: 'imap', value: 20, where: { file: '/etc/dovecot/conf.d/20-imap.conf', line: 96 } },
        ],
        connections: [{ service: 'imap', ip: '203.0.113.9', count: 12 }],
      },
      { host: 'mx2', fault: 'The host cannot be reached.', limits: [], connections: [] },
    ],
    hits: [{ host: 'mx1', service: 'imap', client: '203.0.113.9', hits: 12, lastAtMs: nowMs - minute }],
    openIncidents: [anIncident()],
    ...status,
  }
}
