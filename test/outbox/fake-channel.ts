import type { Intent } from '../../src/outbox/intent.ts'
import type { DeliveryResult, FindResult, Messenger } from '../../src/outbox/messenger.ts'

export type Fault =
  /** It stands there, and nobody hears of it. */
  | { readonly kind: 'answer-lost' }
  /** It never arrived, and nobody hears of that. */
  | { readonly kind: 'request-lost' }
  | { readonly kind: 'later'; readonly afterMs: number }
  | { readonly kind: 'failed' }
  | { readonly kind: 'throws' }
  /** No answer ever comes; `arrived`: it stands there. */
  | { readonly kind: 'hangs'; readonly arrived: boolean }

export type Message = {
  readonly id: string
  readonly lane: string
  readonly key: string
  readonly deliveryId: string
  readonly thread: string | undefined
  revision: number
  deleted: boolean
}

/** A channel that keeps what it is told, can misbehave on demand, and refuses what a far side would refuse. */
export class FakeChannel implements Messenger {
  readonly messages: Message[] = []
  readonly calls: Array<{
    readonly kind: 'post' | 'edit' | 'find'
    readonly key: string
    readonly atMs: number
  }> = []
  /** Taken by the next calls, in order. */
  faults: Fault[] = []
  canFind = true
  /** The next searches are put off for so long. */
  searchesLaterMs: number[] = []
  readonly #underWay = new Set<string>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  live(key: string): readonly Message[] {
    return this.messages.filter((message) => message.key === key && !message.deleted)
  }

  delete(key: string): void {
    for (const message of this.live(key)) message.deleted = true
  }

  /** The process that was calling is gone: a call that hangs hinders nobody any more. */
  forgetCaller(): void {
    this.#underWay.clear()
  }

  post(intent: Intent, deliveryId: string, thread: string | undefined): Promise<DeliveryResult> {
    return this.#call('post', intent, () => {
      if (
        thread !== undefined &&
        !this.messages.some(({ id, lane }) => id === thread && lane === intent.lane)
      ) {
        throw new Error('no such thread in this channel')
      }
      const id = `ts${this.messages.length + 1}`
      const message = {
        id,
        lane: intent.lane,
        key: intent.messageKey,
        deliveryId,
        thread,
        revision: intent.revision,
        deleted: false,
      }
      this.messages.push(message)
      return { kind: 'sent', messageId: id }
    })
  }

  edit(intent: Intent, messageId: string): Promise<DeliveryResult> {
    return this.#call('edit', intent, () => {
      const message = this.messages.find(({ id }) => id === messageId)
      if (message === undefined || message.key !== intent.messageKey)
        throw new Error('edits what it never posted')
      if (message.deleted) return { kind: 'gone' }
      message.revision = intent.revision
      return { kind: 'sent', messageId }
    })
  }

  async find(intent: Intent, deliveryId: string): Promise<FindResult> {
    this.calls.push({ kind: 'find', key: intent.messageKey, atMs: this.#now() })
    const afterMs = this.searchesLaterMs.shift()
    if (afterMs !== undefined) return { kind: 'later', afterMs, why: 'ratelimited' }
    if (!this.canFind) return { kind: 'unknown', why: 'missing_scope' }
    const found = this.live(intent.messageKey).find((message) => message.deliveryId === deliveryId)
    return found === undefined ? { kind: 'absent' } : { kind: 'found', messageId: found.id }
  }

  async #call(kind: 'post' | 'edit', intent: Intent, arrive: () => DeliveryResult): Promise<DeliveryResult> {
    if (this.#underWay.has(intent.lane)) throw new Error('two calls at once in one lane')
    this.#underWay.add(intent.lane)
    this.calls.push({ kind, key: intent.messageKey, atMs: this.#now() })
    const fault = this.faults.shift()
    if (fault?.kind === 'hangs') {
      if (fault.arrived) arrive()
      return new Promise(() => {})
    }
    // An answer takes a moment, in which other things can happen.
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    this.#underWay.delete(intent.lane)
    switch (fault?.kind) {
      case 'answer-lost':
        arrive()
        return { kind: 'ambiguous', why: 'timeout' }
      case 'request-lost':
        return { kind: 'ambiguous', why: 'timeout' }
      case 'later':
        return { kind: 'later', afterMs: fault.afterMs, why: 'ratelimited' }
      case 'failed':
        return { kind: 'failed', code: 'not_in_channel', hint: 'Invite the bot to the channel.' }
      case 'throws':
        throw new Error('a bug in a view')
      case undefined:
        return arrive()
    }
  }
}
