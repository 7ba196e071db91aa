import { writtenInstant } from '../incidents/written-instant.ts'
import type { EffectiveLimit, HostFacts } from '../remediation/mail-host.ts'
import type { Remediation } from '../remediation/remediation.ts'
import type { Parts } from './parts.ts'

/**
 * Tells when the limit in force is no longer what the newest change left: a package update, a configuration management or a colleague put
 * another value there. Over as soon as the values agree again. `askedAtMs`: when the host was asked, by our clock.
 */
export async function tellOfDrift(
  host: string,
  facts: HostFacts,
  askedAtMs: number,
  parts: Pick<Parts, 'store' | 'log' | 'lane' | 'stored'>,
): Promise<void> {
  const { store, log, lane } = parts
  const underWay = await store.unfinished()
  for (const limit of facts.limits) {
    const { service, value } = limit
    const change = await store.lastChange(host, service)
    // An answer from before the newest change, or from the middle of one, says nothing about it.
    if (change === undefined || askedAtMs <= change.atMs) continue
    if (underWay.some((one) => one.host === host && one.service === service && one.state !== 'verifying'))
      continue
    const code = `drift-${service}`
    if (value === change.newValue) {
      if ((await store.endNotice(host, code)) !== undefined) parts.stored()
      continue
    }
    const remediation = await store.remediation(change.remediationId)
    const left = remediation?.plan.where
    const leftAtMs = remediation && installedAtMs(remediation)
    const elsewhere = left !== undefined && limit.where !== undefined && left.file !== limit.where.file
    const text =
      `The limit of ${service} on ${host} is ${valueText(value)} now (${whereText(limit)}), and not ${valueText(change.newValue)}, ` +
      `which change ${change.remediationId} left${elsewhere ? ` in ${left.file}` : ''}. ` +
      howText(limit, leftAtMs ?? change.atMs + facts.clockOffsetMs, elsewhere)
    const hint =
      `Find out who manages this ${limit.where === undefined ? 'setting' : 'file'}.` +
      (value !== 0 && value < change.newValue
        ? ` To set it again: /maillimit raise ${host} ${service} ${change.newValue}`
        : '')
    const { fresh } = await store.openNotice({ host, code, text, hint }, lane)
    parts.stored()
    if (!fresh) continue
    log.warn(
      { host, service, value, change: change.remediationId },
      'the limit in force is not the one that was left',
    )
  }
}

/** By the clock of the host, as the time of a file: our own reckoning of that clock is off by as much as an answer takes. */
function installedAtMs({ records }: Remediation): number | undefined {
  const steps = records.filter((one) => one.kind === 'step')
  return steps.findLast(({ name, state }) => name === 'install' && state === 'ok')?.atMs
}

/** `leftAtMs`: when our change was made, by the clock of the host. */
function howText({ fileChangedAtMs: atMs }: EffectiveLimit, leftAtMs: number, elsewhere: boolean): string {
  if (atMs === undefined) return 'Somebody else changed it.'
  const at = writtenInstant(atMs)
  if (atMs > leftAtMs) return `Somebody else changed that file at ${at}.`
  return elsewhere
    ? `That file was last changed at ${at}, before that change, and decides now: somebody else made Dovecot read it, put an older copy of it back, or took the other setting away.`
    : `That file was last changed at ${at}, before that change: somebody else put an older copy of it back.`
}

function valueText(value: number): string {
  return value === 0 ? 'none' : String(value)
}

function whereText({ where }: EffectiveLimit): string {
  return where === undefined ? "Dovecot's default" : `${where.file}:${where.line}`
}
