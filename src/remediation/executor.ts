import { type Clock, sleep } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import { fullJitter } from '../lib/backoff.ts'
import { advance, type AdvanceParts } from './advance.ts'
import type { MailHost, Transcript, TranscriptEnd, TranscriptRecord } from './mail-host.ts'
import type { AuditEntry } from './remediation-store.ts'
import type { Remediation } from './remediation.ts'
import { untoldRecords } from './untold-records.ts'

/** How long until a change that is still running is asked about again: as it moves on, and at most. */
const WHILE_IT_RUNS = { firstMs: 500, mostMs: 4_000 }

export type ExecutorParts = AdvanceParts & { readonly clock: Clock; readonly verifyForMs: number }

/**
 * Carries one approved remediation out. `applying` is stored before the host is called; each record of the transcript is stored as it comes.
 * Whatever breaks in between, the outcome is asked from the host until it answers. Resolves with the remediation as it stands then
 * (`verifying`, or finished); rejects only when aborted or when the store fails.
 */
export async function carryOut(
  remediation: Remediation,
  host: MailHost,
  parts: ExecutorParts,
  signal: AbortSignal,
): Promise<Remediation> {
  const begun = await advance(remediation, { kind: 'begun', atMs: parts.clock.now() }, parts)
  // Somebody else began it; theirs is the one call to the host.
  if (!begun.won) return begun.remediation
  let current = begun.remediation
  try {
    const transcript = request(current, host)
    for (let turn = await transcript.next(); ; turn = await transcript.next()) {
      if (turn.done === true) {
        if (turn.value.kind === 'running') break
        return await finish(current, turn.value, host, parts)
      }
      current = await recorded(current, turn.value, parts)
    }
  } catch (error) {
    if (!(error instanceof OpsError)) throw error
    parts.log.warn(
      { id: current.id, host: host.name, code: error.code },
      'lost sight of a remediation, asking the host for its outcome',
    )
    current = await lostSight(current, error, parts)
  }
  return settle(current, host, parts, signal)
}

/**
 * Asks the host how a remediation ended, and makes sure that it cannot begin later. For every one that was approved when the bot died,
 * and after a broken connection. Never applies anything. Asks until the host answers.
 */
export async function settle(
  remediation: Remediation,
  host: MailHost,
  parts: ExecutorParts,
  signal: AbortSignal,
): Promise<Remediation> {
  let current = remediation
  let quiet = -1
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted()
    let transcript: Transcript
    try {
      transcript = await host.void(current.id)
    } catch (error) {
      if (!(error instanceof OpsError)) throw error
      if (attempt === 0) current = await lostSight(current, error, parts)
      await sleep(parts.clock, fullJitter(attempt, { firstMs: 1_000, mostMs: 30_000 }), signal)
      continue
    }
    const known = current.records.length
    current = await adoptRecords(current, transcript.records, parts)
    if (transcript.end.kind !== 'running') return finish(current, transcript.end, host, parts)
    // The helper finishes by itself; its steps are told as they become known. Where nothing moves (a full disk), each question
    // has the host start another helper, so they grow rare.
    quiet = current.records.length > known ? 0 : quiet + 1
    await sleep(parts.clock, Math.min(WHILE_IT_RUNS.firstMs * 2 ** quiet, WHILE_IT_RUNS.mostMs), signal)
  }
}

function request(
  remediation: Remediation,
  host: MailHost,
): AsyncGenerator<TranscriptRecord, TranscriptEnd, void> {
  const { id, service, client, plan, of, expiresAtMs } = remediation
  const shared = { id, digest: plan.digest, actor: remediation.approvals.at(-1)?.by ?? 'nobody', expiresAtMs }
  return remediation.kind === 'rollback' && of !== undefined
    ? host.rollback({ ...shared, of })
    : host.apply({ ...shared, service, client, value: plan.newValue })
}

/** The host's transcript is the truth; ours may lack its tail, and may have seen what a power cut took from it. */
async function adoptRecords(
  remediation: Remediation,
  records: readonly TranscriptRecord[],
  parts: ExecutorParts,
): Promise<Remediation> {
  let current = remediation
  if (current.state === 'approved' && records.length > 0) {
    current = (await advance(current, { kind: 'begun', atMs: parts.clock.now() }, parts)).remediation
  }
  for (const record of untoldRecords(current.records, records))
    current = await recorded(current, record, parts)
  return current
}

async function recorded(
  remediation: Remediation,
  record: TranscriptRecord,
  parts: ExecutorParts,
): Promise<Remediation> {
  return (await advance(remediation, { kind: 'recorded', record }, parts)).remediation
}

async function finish(
  remediation: Remediation,
  end: TranscriptEnd,
  host: MailHost,
  parts: ExecutorParts,
): Promise<Remediation> {
  const atMs = parts.clock.now()
  const entry: AuditEntry = {
    atMs,
    actor: 'maillimit',
    event: end.kind,
    subjectId: remediation.id,
    host: host.name,
    detail: {
      ...('code' in end ? { code: end.code } : {}),
      service: remediation.service,
      oldValue: remediation.plan.oldValue,
      newValue: remediation.plan.newValue,
      approvedBy: remediation.approvals.map((approval) => approval.by),
    },
  }
  const event = { kind: 'ended', end, atMs, verifyForMs: parts.verifyForMs } as const
  return (await advance(remediation, event, parts, [entry])).remediation
}

async function lostSight(
  remediation: Remediation,
  error: OpsError,
  parts: ExecutorParts,
): Promise<Remediation> {
  const why =
    `The connection to ${remediation.host} broke while the change was being made (${error.code}). ` +
    'The host finishes or undoes it by itself; its outcome is asked for until it answers.'
  return (await advance(remediation, { kind: 'lost-sight', why }, parts)).remediation
}
