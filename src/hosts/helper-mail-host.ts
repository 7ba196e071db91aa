import type { Session } from '../dovecot/session.ts'
import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type {
  HostFacts,
  MailHost,
  Transcript,
  TranscriptEnd,
  TranscriptRecord,
} from '../remediation/mail-host.ts'
import { answerFields } from './answer-fields.ts'
import { ask, begin, deadlineOf, declined, type Answer } from './conversation.ts'
import { helloAnswer } from './hello-answer.ts'
import type { HostLink } from './host-link.ts'
import { planAnswer } from './plan-answer.ts'
import { readAnswer } from './read-answer.ts'
import { requestLine } from './request-line.ts'
import { transcriptAnswer, transcriptEnd, transcriptRecord } from './transcript-answer.ts'

export type HelperDeadlines = { readonly askMs: number; readonly changeMs: number }

/** A change waits up to two minutes for the host's lock, and twice up to a minute for a reload. */
const DEADLINES: HelperDeadlines = { askMs: 30_000, changeMs: 300_000 }

/**
 * The MailHost at the other end of a link: each method is one conversation with maillimit-host. `apply` and `rollback` throw
 * `outcome-unknown` when anything breaks after the request was handed over; the caller then settles it by `void` or `status`.
 * Any other fault of theirs means that the host never got the request. Instants in a transcript are by the host's clock.
 */
export function helperMailHost(
  link: HostLink,
  clock: Clock,
  deadlines: HelperDeadlines = DEADLINES,
): MailHost {
  const host = link.name
  let clockOffsetMs: number | undefined
  // A host that went away may have another time when it is back.
  link.onState(() => {
    clockOffsetMs = undefined
  })

  /** When a host comes up, several want to know at once: whoever asks while the question has not gone out yet shares its answer. */
  let helloToCome: Promise<HostFacts> | undefined

  function hello(): Promise<HostFacts> {
    helloToCome ??= askHello(() => {
      helloToCome = undefined
    })
    return helloToCome
  }

  async function askHello(handedOver: () => void): Promise<HostFacts> {
    const askedAtMs = clock.now()
    const answer = await asked('hello', {}, handedOver)
    const facts = helloAnswer(host, answer.records, askedAtMs, clock.now())
    clockOffsetMs = facts.clockOffsetMs
    return facts
  }

  /** For questions that a sound host always answers. */
  async function asked(
    verb: string,
    values: Readonly<Record<string, string | undefined>> = {},
    handedOver?: () => void,
  ): Promise<Answer> {
    const answer = await ask(link, clock, requestLine(verb, values), deadlines.askMs, handedOver)
    if (answer.end.outcome !== 'ok') throw declined(host, answer)
    return answer
  }

  async function settled(verb: 'status' | 'void', id: string): Promise<Transcript> {
    return transcriptAnswer(host, await ask(link, clock, requestLine(verb, { id }), deadlines.askMs))
  }

  async function* change(
    verb: 'apply' | 'rollback',
    values: Readonly<Record<string, string | number | undefined>>,
    expiresAtMs: number,
  ): AsyncGenerator<TranscriptRecord, TranscriptEnd, void> {
    const offsetMs = clockOffsetMs ?? (await hello()).clockOffsetMs
    const expires = Math.floor((expiresAtMs + offsetMs) / 1000)
    const deadline = deadlineOf(host, clock, deadlines.changeMs)
    try {
      const channel = await begin(link, 'now', requestLine(verb, { ...values, expires }), deadline.signal)
      try {
        return yield* transcript(readAnswer(host, channel, clock, deadline.signal))
      } catch (cause) {
        throw outcomeUnknown(host, String(values['id']), cause)
      } finally {
        channel.close()
      }
    } finally {
      deadline.cancel()
    }
  }

  async function* transcript(
    answer: ReturnType<typeof readAnswer>,
  ): AsyncGenerator<TranscriptRecord, TranscriptEnd, void> {
    const records: TranscriptRecord[] = []
    for (;;) {
      const next = await answer.next()
      if (next.done) return transcriptEnd(host, next.value, records)
      const record = transcriptRecord(host, next.value)
      if (record === undefined) continue
      records.push(record)
      yield record
    }
  }

  return {
    name: host,
    hello,
    async who(user) {
      const { records } = await asked('who', { user })
      const fields = answerFields(host)
      const sessions: Session[] = []
      for (const record of records) {
        // A session without an address (a preauthenticated one) counts against no limit.
        const ip = record.name === 'session' ? fields.optional(record, 3) : undefined
        if (ip === undefined) continue
        sessions.push({
          user: fields.text(record, 0),
          service: fields.text(record, 1),
          pid: fields.whole(record, 2),
          ip,
          destIp: fields.optional(record, 4),
        })
      }
      return sessions
    },
    async plan(request) {
      const { service, value, client, of } =
        request.kind === 'raise'
          ? { ...request, value: String(request.value), of: undefined }
          : { service: undefined, value: undefined, client: undefined, of: request.of }
      const line = requestLine('plan', { service, value, client, of })
      return planAnswer(host, request, await ask(link, clock, line, deadlines.askMs))
    },
    apply({ id, service, value, client, digest, actor, expiresAtMs }) {
      return change('apply', { id, service, value, client, digest, actor }, expiresAtMs)
    },
    rollback({ id, of, digest, actor, expiresAtMs }) {
      return change('rollback', { id, of, digest, actor }, expiresAtMs)
    },
    status: (id) => settled('status', id),
    void: (id) => settled('void', id),
  }
}

function outcomeUnknown(host: string, id: string, cause: unknown): OpsError {
  return new OpsError(
    'outcome-unknown',
    `${host} got the change ${id}, and what became of it is not known: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      retryable: true,
      hint: 'The host carries a change through or undoes it by itself; the bot asks it what happened as soon as it can be reached.',
      context: { host, id },
      cause,
    },
  )
}
