import type { EffectiveLimit, HostFacts, Suppressed } from '../remediation/mail-host.ts'
import { type AnswerFields, answerFields } from './answer-fields.ts'
import type { AnswerRecord } from './answer-record.ts'
import { badAnswer } from './bad-answer.ts'

/** `clockOffsetMs` needs to know when the question was under way: between these two instants of our clock. */
export function helloAnswer(
  host: string,
  records: readonly AnswerRecord[],
  askedAtMs: number,
  answeredAtMs: number,
): HostFacts {
  const fields = answerFields(host)
  const facts = new Map<string, AnswerRecord>()
  const limits: EffectiveLimit[] = []
  for (const record of records) {
    if (record.name === 'host') facts.set(fields.text(record, 0), record)
    // Without a value Dovecot's configuration is broken, which `plan` will explain.
    if (record.name === 'limit' && fields.optional(record, 1) !== undefined) {
      const fileChangedAtMs = changedAtOf(fields, record)
      limits.push({
        service: fields.text(record, 0),
        value: fields.whole(record, 1),
        where: fields.place(record, 2),
        ...(fileChangedAtMs === undefined ? {} : { fileChangedAtMs }),
      })
    }
  }
  const fact = (key: string): AnswerRecord => {
    const record = facts.get(key)
    if (record === undefined) throw badAnswer(host, `did not say its "${key}" in the answer to hello`)
    return record
  }

  const protocol = fields.whole(fact('protocol'), 1)
  // Protocol 2 speaks protocol 1, too; what comes after need not.
  if (protocol !== 1 && protocol !== 2) {
    throw badAnswer(
      host,
      `speaks protocol ${protocol}, and the bot speaks protocol 1: bring both to one release`,
    )
  }
  const shutdownClients = facts.get('shutdown-clients')
  const suppressed = suppressedOf(host, facts.get('suppressed')?.fields[1])
  return {
    protocol,
    helperVersion: fields.text(fact('helper'), 1),
    dovecotVersion: fields.optional(fact('dovecot'), 1) ?? '',
    dovecotRunning: fields.oneOf(fact('dovecot-state'), 1, ['running', 'stopped']) === 'running',
    os: facts.get('os')?.fields[1] ?? '',
    hostname: fields.text(fact('hostname'), 1),
    log: logOf(host, fields.text(fact('log'), 1)),
    ...(suppressed === undefined ? {} : { suppressed }),
    maxLimit: fields.whole(fact('max-limit'), 1),
    changes: fields.oneOf(fact('changes'), 1, ['yes', 'advise', 'no']),
    shutdownClients: shutdownClients && yesOrNo(fields.optional(shutdownClients, 1)),
    clockOffsetMs: Math.round(fields.whole(fact('clock'), 1) - (askedAtMs + answeredAtMs) / 2),
    utcOffsetMinutes: fields.whole(fact('utc-offset'), 1),
    limits,
  }
}

export function yesOrNo(text: string | undefined): boolean | undefined {
  return text === 'yes' ? true : text === 'no' ? false : undefined
}

/** A helper of an older release does not say; a file's time may be anything, also one that no calendar has. */
function changedAtOf(fields: AnswerFields, record: AnswerRecord): number | undefined {
  const atMs = record.fields[4] === undefined ? undefined : fields.optionalWhole(record, 4)
  return atMs === undefined || Number.isNaN(new Date(atMs).getTime()) ? undefined : atMs
}

/** A helper of an older release does not say. */
function suppressedOf(host: string, text: string | undefined): Suppressed | undefined {
  if (text === undefined || text === '-') return undefined
  const [, by, count, atMs] = /^(journald|rsyslog) (\d{1,15}|-) (\d{1,16})$/.exec(text) ?? []
  if (by !== 'journald' && by !== 'rsyslog') throw badAnswer(host, 'does not say who dropped messages', text)
  return { by, count: count === '-' ? undefined : Number(count), atMs: Number(atMs) }
}

function logOf(host: string, text: string): HostFacts['log'] {
  if (text === 'journal' || text === 'none') return { kind: text }
  if (!text.startsWith('file /')) throw badAnswer(host, 'names no log', text)
  return { kind: 'file', path: text.slice('file '.length) }
}
