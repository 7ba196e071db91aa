import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { namesSession, USERS } from './numbered-hit.ts'
import type { OwedHit } from './owed-hits.ts'
import { identityOf } from './owed-hits.ts'

export type Reckoning = {
  readonly stored: number
  readonly lost: readonly OwedHit[]
  /** Hits in the store that are neither on the disk nor any of the lines that were destroyed: the same line again under another name. */
  readonly doubled: number
  /** Lines that were written, and are on no disk any more, but were read in time. */
  readonly readBeforeDestroyed: number
  readonly caughtUpAfterMs: number
  readonly gapsTold: number
}

type Row = { readonly event_id: string; readonly session: string | null; readonly user: string }

/** How far the reading is behind, as far as the store knows: beats are stored every half a minute only. */
export function lagMs(storePath: string): number {
  using store = new DatabaseSync(storePath, { readOnly: true, timeout: 5_000 })
  const atMs = store.prepare('SELECT at_ms FROM cursors').get()?.['at_ms']
  return Date.now() - Number(atMs ?? 0)
}

/**
 * Waits until everything that is owed was stored, then compares the whole store with it. `written`: whose hit each number was;
 * `destroyed`: what need not be stored, but may be.
 */
export async function reckon(
  storePath: string,
  owed: ReadonlyMap<string, OwedHit>,
  written: readonly number[],
  timeoutMs: number,
  destroyed: ReadonlyMap<string, OwedHit> = new Map(),
): Promise<Reckoning> {
  using store = new DatabaseSync(storePath, { readOnly: true, timeout: 5_000 })
  const startedAt = performance.now()
  let missing = [...owed.values()]
  const byText = store.prepare('SELECT 1 FROM hits WHERE host = (SELECT host FROM cursors) AND session = ?')
  const byPlace = store.prepare('SELECT 1 FROM hits WHERE event_id = ?')
  const isMissing = ({ identity }: OwedHit) => {
    const [kind, key = ''] = identity.split(' ')
    return (kind === 'text' ? byText : byPlace).get(key) === undefined
  }
  for (;;) {
    missing = missing.filter(isMissing)
    if (missing.length === 0 || performance.now() - startedAt > timeoutMs) break
    await wait(500)
  }
  const caughtUpAfterMs = Math.round(performance.now() - startedAt)
  // What would be stored twice would be stored about now.
  await wait(1_000)

  let stored = 0
  let readInTime = 0
  const extras = tally()
  for (const row of store.prepare('SELECT event_id, session, user FROM hits').iterate()) {
    const { event_id: eventId, session, user } = row as Row
    stored++
    const identity = identityOf(session, eventId)
    if (owed.has(identity)) continue
    if (destroyed.has(identity)) readInTime++
    else extras.add(session !== null, USERS.indexOf(user))
  }
  const unknown = linesOnNoDisk([...owed.values(), ...destroyed.values()], written)
  const gaps = store
    .prepare("SELECT sum(revision - (state = 'over')) AS gaps FROM notices WHERE code LIKE 'gap%'")
    .get()
  return {
    stored,
    lost: missing,
    doubled: extras.beyond(unknown),
    readBeforeDestroyed: readInTime + extras.total() - extras.beyond(unknown),
    caughtUpAfterMs,
    gapsTold: Number(gaps?.['gaps'] ?? 0),
  }
}

/** Written, but in no file that is known: vacuumed, or lost between logger, rsyslog, gzip and a truncation. */
function linesOnNoDisk(known: readonly OwedHit[], written: readonly number[]): Tally {
  const onDisk = new Uint8Array(written.length)
  for (const { number } of known) onDisk[number] = 1
  const unknown = tally()
  for (const [number, user] of written.entries()) {
    if (onDisk[number] === 0) unknown.add(namesSession(number), user)
  }
  return unknown
}

type Tally = {
  readonly add: (hasSession: boolean, user: number) => void
  readonly of: (key: number) => number
  readonly total: () => number
  readonly beyond: (other: Tally) => number
}

/** Counts by user, and by whether the line names a session. */
function tally(): Tally {
  const counts = new Map<number, number>()
  const of = (key: number) => counts.get(key) ?? 0
  return {
    add(hasSession, user) {
      const key = user * 2 + (hasSession ? 1 : 0)
      counts.set(key, of(key) + 1)
    },
    of,
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    beyond: (other) => [...counts].reduce((sum, [key, count]) => sum + Math.max(0, count - other.of(key)), 0),
  }
}
