import type { EffectiveLimit, HostFacts } from '../remediation/mail-host.ts'
import { type Check, fail, ok, warn } from './check.ts'

const CLOCKS_MAY_DIFFER_MS = 30_000

/** What a mail host says of itself, judged. */
export function* factChecks(
  facts: HostFacts,
  own: {
    readonly latencyMs: number
    readonly ownHelperVersion: string | undefined
    readonly limitMax: number
  },
): Generator<Check, void, void> {
  yield helperCheck(facts, own.ownHelperVersion, own.latencyMs)
  yield dovecotCheck(facts)
  if (facts.log.kind === 'none') {
    yield fail(
      'log: the helper finds no mail log',
      `On ${facts.hostname}, name it in /etc/maillimit.conf: log = /path/of/the/log, or log = journal.`,
    )
  }
  if (facts.log.kind === 'journal') yield ok('log: the journal')
  yield* limitChecks(facts)
  yield changesCheck(facts, own.limitMax)
  yield clockCheck(facts)
}

function helperCheck(
  { helperVersion, protocol, hostname, os }: HostFacts,
  own: string | undefined,
  latencyMs: number,
): Check {
  const text = `helper: ${helperVersion}, protocol ${protocol}, on ${hostname}${os === '' ? '' : ` (${os})`}, answered in ${latencyMs} ms`
  return own === undefined || own === helperVersion
    ? ok(text)
    : warn(
        `${text}; this release brings ${own}`,
        'Update it: maillimit host install HOST (from your own account, with root or sudo there).',
      )
}

function dovecotCheck({ dovecotVersion, dovecotRunning, hostname }: HostFacts): Check {
  if (dovecotVersion === '') {
    return fail(
      'Dovecot: not found on this host',
      `On ${hostname}, is Dovecot installed, and is this the right host?`,
    )
  }
  return dovecotRunning
    ? ok(`Dovecot: ${dovecotVersion}, running`)
    : fail(`Dovecot: ${dovecotVersion}, not running`, `On ${hostname}: systemctl status dovecot`)
}

function* limitChecks({ limits, maxLimit, hostname }: HostFacts): Generator<Check, void, void> {
  if (limits.length === 0) {
    yield fail(
      'limits: Dovecot tells none',
      `On ${hostname}, run "doveconf -n" and mend what it complains about.`,
    )
  }
  for (const limit of limits) {
    const text = `limit of ${limit.service}: ${valueText(limit)}`
    const full = limit.value >= maxLimit
    yield full && limit.value !== 0
      ? warn(
          `${text}, which is at the host's cap of ${maxLimit}: it cannot be raised`,
          `On ${hostname}, raise max_limit in /etc/maillimit.conf if it shall be.`,
        )
      : ok(text)
  }
}

function valueText({ value, where }: EffectiveLimit): string {
  const shown = value === 0 ? 'none (0)' : String(value)
  return where === undefined ? `${shown} (Dovecot's default)` : `${shown} (${where.file}:${where.line})`
}

function changesCheck({ changes, maxLimit }: HostFacts, limitMax: number): Check {
  const cap =
    maxLimit < limitMax
      ? `up to ${maxLimit}, the host's cap (LIMIT_MAX is ${limitMax})`
      : `up to ${limitMax} (LIMIT_MAX; the host's cap is ${maxLimit})`
  switch (changes) {
    case 'yes':
      return ok(`changes: yes, ${cap}`)
    case 'advise':
      return ok(`changes: advise; plans are shown, without a button`)
    case 'no':
      return ok(`changes: no; the bot only watches this host`)
  }
}

function clockCheck({ clockOffsetMs, hostname }: HostFacts): Check {
  const seconds = Math.abs(clockOffsetMs) / 1000
  const text = `clock: ${seconds.toFixed(seconds < 10 ? 1 : 0)} s ${clockOffsetMs < 0 ? 'behind' : 'ahead of'} the bot's`
  return Math.abs(clockOffsetMs) > CLOCKS_MAY_DIFFER_MS
    ? warn(
        `${text}; hits may look older or newer than they are`,
        `Set the time by NTP on ${hostname} and where the bot runs: timedatectl`,
      )
    : ok(text)
}
