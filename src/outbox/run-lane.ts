import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { choose, type Gates } from './choose.ts'
import { afterSearch, deliver, type Delivered, search } from './deliver.ts'
import type { Messenger } from './messenger.ts'
import type { OutboxRow, OutboxStore, Settlement } from './outbox-store.ts'
import { EDITS, fullPace, KEPT_FOR_NEWS, type Pace, POSTS, readyAtMs, spent } from './pace.ts'
import type { Waker } from './waker.ts'

export type LaneParts = {
  readonly store: OutboxStore
  readonly messenger: Messenger
  readonly clock: Clock
  readonly log: Log
  readonly waker: Waker
  readonly newId: () => string
}

/** Sends what a lane has to say, one call at a time, until aborted; a call that is under way is waited for. Rejects when the store fails. */
export async function runLane(lane: string, parts: LaneParts, signal: AbortSignal): Promise<void> {
  const { store, clock, waker } = parts
  const tempo = new Tempo(clock.now())
  /** How often nobody could say of an ambiguous message whether it stands there. */
  const inVain = new Map<string, number>()
  while (!signal.aborted) {
    const seen = waker.count
    const choice = choose(await store.unsent(lane), tempo.gates(), clock.now())
    if (choice.kind === 'wait') {
      await waker.sleep(seen, clock, choice.untilMs, signal)
      continue
    }
    const { row } = choice
    const isSearch = row.state === 'ambiguous' && row.messageId === undefined
    const settlement = isSearch ? await look(row, inVain, parts) : await send(row, tempo, parts)
    await store.settle(row.messageKey, settlement)
    tell(row, settlement, parts.log)
    // A post that now stands there lets its thread begin, also in the lanes of others.
    if (settlement.kind === 'sent' && row.messageId === undefined) waker.wake()
  }
}

async function send(row: OutboxRow, tempo: Tempo, parts: LaneParts): Promise<Settlement> {
  const isEdit = row.messageId !== undefined
  const deliveryId = row.deliveryId ?? parts.newId()
  await parts.store.begin(row.messageKey, deliveryId, parts.clock.now())
  tempo.began(isEdit, parts.clock.now())
  const delivered = await deliver(row, deliveryId, parts)
  tempo.ended(isEdit, delivered, parts.clock.now())
  return delivered.settlement
}

async function look(row: OutboxRow, inVain: Map<string, number>, parts: LaneParts): Promise<Settlement> {
  const before = inVain.get(row.messageKey) ?? 0
  const result = await search(row, parts)
  const settlement = afterSearch(result, row, before, parts)
  if (settlement.kind !== 'ambiguous') inVain.delete(row.messageKey)
  else if (result.kind === 'unknown') inVain.set(row.messageKey, before + 1)
  return settlement
}

function tell(row: OutboxRow, settlement: Settlement, log: Log): void {
  const fields = { messageKey: row.messageKey, lane: row.lane }
  if (settlement.kind === 'sent') log.debug(fields, 'message sent')
  else if (settlement.kind === 'failed') {
    log.warn(
      { ...fields, code: settlement.code, hint: settlement.hint },
      'a message was refused and will be tried again',
    )
  } else log.info({ ...fields, ...settlement }, 'a message was not delivered yet')
}

/** When the next call of each kind may be made: our own pace, and the pauses that the far side asked for. */
class Tempo {
  #posts: Pace
  #edits: Pace
  #postPauseMs = 0
  #editPauseMs = 0
  #failuresInARow = 0

  constructor(nowMs: number) {
    this.#posts = fullPace(POSTS, nowMs)
    this.#edits = fullPace(EDITS, nowMs)
  }

  gates(): Gates {
    return {
      postAtMs: Math.max(this.#postPauseMs, readyAtMs(this.#posts, POSTS)),
      editAtMs: Math.max(this.#editPauseMs, readyAtMs(this.#edits, EDITS)),
      relaxedAtMs: Math.max(this.#editPauseMs, readyAtMs(this.#edits, EDITS, KEPT_FOR_NEWS)),
    }
  }

  began(isEdit: boolean, nowMs: number): void {
    if (isEdit) this.#edits = spent(this.#edits, EDITS, nowMs)
    else this.#posts = spent(this.#posts, POSTS, nowMs)
  }

  ended(isEdit: boolean, { settlement, pauseUntilMs }: Delivered, nowMs: number): void {
    if (pauseUntilMs !== undefined && isEdit) this.#editPauseMs = pauseUntilMs
    if (pauseUntilMs !== undefined && !isEdit) this.#postPauseMs = pauseUntilMs
    // One message can be at fault; several in a row mean the channel, and then nothing is hammered.
    this.#failuresInARow = settlement.kind === 'failed' ? this.#failuresInARow + 1 : 0
    if (this.#failuresInARow < 2) return
    const untilMs = nowMs + Math.min(60_000, 1_000 * 2 ** (this.#failuresInARow - 1))
    this.#postPauseMs = untilMs
    this.#editPauseMs = untilMs
  }
}
