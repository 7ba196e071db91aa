import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isOpsError } from '../../src/lib/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import { aHit } from '../incidents/a-hit.ts'
import { record } from './record.ts'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maillimit-open-'))
  path = join(folder, 'data', 'state.db')
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('opening the store', () => {
  it('creates folder and files for the bot’s account alone', async () => {
    const store = openStore(path)
    await record(store, [aHit()])
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
    for (const suffix of ['', '-wal', '-shm', '.lock']) {
      expect([suffix, statSync(path + suffix).mode & 0o777]).toEqual([suffix, 0o600])
    }
    store.close()
  })

  it('takes rights away that a copied file may have', () => {
    openStore(path).close()
    rmSync(`${path}.lock`)
    writeFileSync(path, readFileSync(path), { mode: 0o644 })
    openStore(path).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('finds everything again', async () => {
    const store = openStore(path)
    await record(store, [aHit(), aHit()])
    const before = [await store.openIncidents(), await store.cursor('mx1'), await store.unsent('C1')]
    store.close()
    const again = openStore(path)
    expect([await again.openIncidents(), await again.cursor('mx1'), await again.unsent('C1')]).toEqual(before)
    again.close()
  })

  it('keeps a second bot away, and lets people read meanwhile', async () => {
    const store = openStore(path)
    await record(store, [aHit()])
    expect(faultOf(() => openStore(path))).toMatchObject({
      code: 'store-in-use',
      message: `another maillimit is running on ${path}`,
      hint: expect.stringContaining('Stop the other one first'),
    })
    const reader = new DatabaseSync(path, { readOnly: true })
    expect(reader.prepare('SELECT count(*) AS hits FROM hits').get()?.['hits']).toBe(1)
    reader.close()
    store.close()
    openStore(path).close()
  })

  it('refuses the schema of a newer version and leaves it as it is', () => {
    openStore(path).close()
    change((db) => db.exec('PRAGMA user_version = 9999'))
    const fault = faultOf(() => openStore(path))
    expect(fault).toMatchObject({
      code: 'store-newer',
      hint: expect.stringContaining('Run the newer version'),
    })
    expect(fault?.message).toContain(path)
    expect(fault?.message).toContain('schema 9999')
  })

  it('refuses the database of another program', () => {
    mkdirSync(join(folder, 'data'))
    change((db) => db.exec('CREATE TABLE songs (title TEXT)'))
    expect(faultOf(() => openStore(path))).toMatchObject({ code: 'store-not-ours' })
    change((db) => expect(db.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'songs' }]))
  })

  it('refuses a file that is no database', () => {
    mkdirSync(join(folder, 'data'))
    writeFileSync(path, 'A letter to the editor.\n'.repeat(400))
    const fault = faultOf(() => openStore(path))
    expect(fault).toMatchObject({ code: 'store-not-ours', hint: expect.stringContaining('STATE_DB') })
    expect(readFileSync(path, 'utf8')).toMatch(/^A letter/)
  })

  it('notices damage at start, and names the file and the remedy', async () => {
    const store = openStore(path)
    const users = Array.from({ length: 400 }, (_, number) => aHit({ user: `user${number}` }))
    await record(store, users)
    store.close()
    const bytes = readFileSync(path)
    bytes.fill(0x5a, 8 * 4096, 40 * 4096)
    writeFileSync(path, bytes)
    const fault = faultOf(() => openStore(path))
    expect(fault).toMatchObject({
      code: 'store-corrupt',
      hint: expect.stringContaining(`sqlite3 ${path} .recover`),
    })
  })

  it.each([
    ['a folder', () => mkdirSync(path, { recursive: true })],
    ['below a file', () => writeFileSync(join(folder, 'data'), '')],
  ])('says what is wrong with a path that is %s', (_name, prepare) => {
    prepare()
    const fault = faultOf(() => openStore(path))
    expect(fault).toMatchObject({ code: 'store-unreachable', hint: expect.stringContaining('STATE_DB') })
    expect(fault?.message).toContain(path)
  })

  it('lets go of the lock when it could not be opened', () => {
    mkdirSync(join(folder, 'data'))
    writeFileSync(path, 'no database'.repeat(400))
    expect(faultOf(() => openStore(path))?.code).toBe('store-not-ours')
    rmSync(path)
    expect(faultOf(() => openStore(path).close())).toBeUndefined()
  })
})

function change(edit: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(path)
  edit(db)
  db.close()
}

function faultOf(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (isOpsError(error)) return error
    throw error
  }
  return undefined
}
