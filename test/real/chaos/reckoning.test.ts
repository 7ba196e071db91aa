import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from '../../../src/store/open-store.ts'
import { USERS } from './numbered-hit.ts'
import type { OwedHit } from './owed-hits.ts'
import { identityOf } from './owed-hits.ts'
import { reckon } from './reckoning.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reckoning-'))
  path = join(folder, 'state.db')
  openStore(path).close()
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Lines 0 to `count`, all of the first user; every third has no session. */
function linesOf(count: number): { owed: Map<string, OwedHit>; written: number[] } {
  const owed = new Map<string, OwedHit>()
  for (let number = 0; number < count; number++) {
    const identity = identityOf(sessionOf(number), `e${number}`)
    owed.set(identity, { number, identity, where: `byte ${number}` })
  }
  return { owed, written: Array.from({ length: count }, () => 0) }
}

function sessionOf(number: number): string | null {
  return number % 3 === 0 ? null : `s${number}`
}

function store(rows: readonly (readonly [eventId: string, session: string | null])[]): void {
  using db = new DatabaseSync(path)
  db.exec("INSERT INTO cursors VALUES ('mx1', '{}', 1)")
  const add = db.prepare(
    "INSERT INTO hits (event_id, host, service, user, client, session, at_ms, reason) VALUES (?, 'mx1', 'imap', ?, '192.0.2.1', ?, 1, 'more-hits')",
  )
  for (const [eventId, session] of rows) add.run(eventId, USERS[0] ?? '', session)
}

const all = (count: number) =>
  Array.from({ length: count }, (_, number) => [`e${number}`, sessionOf(number)] as const)

describe('the reckoning after a chaos', () => {
  test('is content when each line is stored once', async () => {
    const { owed, written } = linesOf(9)
    store(all(9))
    expect(await reckon(path, owed, written, 0)).toMatchObject({ stored: 9, lost: [], doubled: 0 })
  })

  test('names what is lost, with a session and without', async () => {
    const { owed, written } = linesOf(9)
    store(all(9).filter((_, number) => number !== 3 && number !== 4))
    const { lost } = await reckon(path, owed, written, 0)
    expect(lost.map(({ number }) => number)).toEqual([3, 4])
  })

  test('finds a line that was stored again under another name', async () => {
    const { owed, written } = linesOf(9)
    store([...all(9), ['again', null]])
    expect(await reckon(path, owed, written, 0)).toMatchObject({ doubled: 1, readBeforeDestroyed: 0 })
  })

  test('finds a line that was stored again although another one was destroyed, if that is known', async () => {
    const { owed, written } = linesOf(9)
    written.push(0)
    const destroyed = new Map([['place e9', { number: 9, identity: 'place e9', where: 'byte 9' }]])
    store([...all(9), ['e9', null], ['again', null]])
    expect(await reckon(path, owed, written, 0, destroyed)).toMatchObject({
      doubled: 1,
      readBeforeDestroyed: 1,
    })
  })

  test('owes nothing for lines that the host destroyed, and allows that they were read', async () => {
    const { owed, written } = linesOf(9)
    written.push(0, 0, 0)
    store([...all(9), ['e9', null], ['e10', 's10']])
    expect(await reckon(path, owed, written, 0)).toMatchObject({
      lost: [],
      doubled: 0,
      readBeforeDestroyed: 2,
    })
  })
})
