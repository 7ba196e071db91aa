import { randomUUID } from 'node:crypto'
import { sleep } from '../../src/lib/clock.ts'
import type { SocketServer } from './socket-mode.ts'
import type { World } from './world.ts'

type EnvelopeType = 'events_api' | 'slash_commands' | 'interactive'

/** One thing that was sent to the app, and whether it was acknowledged. */
type Envelope = {
  readonly id: string
  readonly type: EnvelopeType
  readonly payload: Readonly<Record<string, unknown>>
  readonly retryAttempt: number
  readonly sentAtMs: number
  /** False when no connection stood. */
  readonly sent: boolean
  ackedAtMs: number | undefined
  /** The acknowledgement came after Slack had given up. */
  late: boolean
}

export type Delivery =
  | { readonly outcome: 'acknowledged'; readonly payload: unknown; readonly afterMs: number }
  | { readonly outcome: 'timed-out' }
  | { readonly outcome: 'no-connection' }

export type Envelopes = {
  all(): readonly Envelope[]
  /** Sends a click or a command, once: Slack never repeats these. Resolves with the acknowledgement, or after 3 s. */
  deliver(
    type: 'slash_commands' | 'interactive',
    payload: Envelope['payload'],
    acceptsPayload: boolean,
  ): Promise<Delivery>
  /** Sends an event, and again until it is acknowledged. Resolves when it was, or when Slack gives up. */
  deliverEvent(payload: Envelope['payload']): Promise<Delivery>
  /** The next envelope goes out twice, with the same envelope id. */
  duplicateNext(): void
  /** Sends what was sent before once more, under a new envelope id. */
  replay(envelopeId: string): Promise<Delivery>
}

export type EnvelopeSettings = {
  readonly ackWithinMs: number
  /** Slack repeats an event at once, after a minute and after five. */
  readonly eventRetriesMs: readonly number[]
}

export function createEnvelopes(
  world: World,
  sockets: SocketServer,
  settings: EnvelopeSettings,
  ended: AbortSignal,
): Envelopes {
  const sent: Envelope[] = []
  const waiting = new Map<string, (payload: unknown) => void>()
  let duplicate = false

  sockets.onAck(({ envelopeId, payload }) => {
    const envelope = sent.find((other) => other.id === envelopeId)
    if (envelope === undefined || envelope.ackedAtMs !== undefined) return
    envelope.ackedAtMs = world.clock.now()
    envelope.late = !waiting.has(envelopeId)
    waiting.get(envelopeId)?.(payload)
    world.feed.emit('envelope', { id: envelopeId, late: envelope.late })
  })

  async function once(
    type: EnvelopeType,
    payload: Envelope['payload'],
    extra: Record<string, unknown>,
  ): Promise<Delivery> {
    const id = randomUUID()
    const message = { envelope_id: id, payload, type, ...extra }
    const acknowledged = new Promise<Delivery>((resolve) => {
      const startMs = world.clock.now()
      waiting.set(id, (answer) =>
        resolve({ outcome: 'acknowledged', payload: answer, afterMs: world.clock.now() - startMs }),
      )
    })
    const isSent = sockets.send(message)
    if (isSent && duplicate) {
      duplicate = false
      sockets.send(message)
    }
    const retryAttempt = Number(extra['retry_attempt'] ?? 0)
    sent.push({
      id,
      type,
      payload,
      retryAttempt,
      sentAtMs: world.clock.now(),
      sent: isSent,
      ackedAtMs: undefined,
      late: false,
    })
    if (sent.length > 20_000) sent.shift()
    world.feed.emit('envelope', { id, type })
    if (!isSent) {
      waiting.delete(id)
      return { outcome: 'no-connection' }
    }
    const done = new AbortController()
    const tooLate = sleep(world.clock, settings.ackWithinMs, AbortSignal.any([done.signal, ended])).then(
      (): Delivery => ({ outcome: 'timed-out' }),
      (): Delivery => ({ outcome: 'timed-out' }),
    )
    const delivery = await Promise.race([acknowledged, tooLate])
    done.abort()
    waiting.delete(id)
    return delivery
  }

  async function event(payload: Envelope['payload']): Promise<Delivery> {
    let delivery = await once('events_api', payload, {
      accepts_response_payload: false,
      retry_attempt: 0,
      retry_reason: '',
    })
    for (const [index, waitMs] of settings.eventRetriesMs.entries()) {
      if (delivery.outcome === 'acknowledged') break
      await sleep(world.clock, waitMs, ended).catch(() => {})
      if (ended.aborted) break
      const retry = { accepts_response_payload: false, retry_attempt: index + 1, retry_reason: 'timeout' }
      delivery = await once('events_api', payload, retry)
    }
    return delivery
  }

  return {
    all: () => sent,
    deliver: (type, payload, acceptsPayload) =>
      once(type, payload, { accepts_response_payload: acceptsPayload }),
    deliverEvent: event,
    duplicateNext() {
      duplicate = true
    },
    async replay(envelopeId) {
      const envelope = sent.find((other) => other.id === envelopeId)
      if (envelope === undefined) throw new Error(`no envelope ${envelopeId} was ever sent`)
      return once(envelope.type, envelope.payload, { accepts_response_payload: false })
    },
  }
}
