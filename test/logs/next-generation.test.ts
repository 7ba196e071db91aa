import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byAge } from '../../src/logs/generation-order.ts'
import { eventIdOf } from '../../src/logs/event-id.ts'
import type { LogFile } from '../../src/logs/host-stream.ts'
import { markOf } from '../../src/logs/mark-of.ts'
import { fileKey, nextGeneration } from '../../src/logs/next-generation.ts'
import type { FileCursor, Findings } from '../../src/logs/next-generation.ts'
import { LIVE, LogFolder } from './log-folder.ts'
import type { Rotation } from './log-folder.ts'

const NOTHING: Findings = { ended: false, truncated: false, excluded: new Set(), sinceMs: undefined }

/** Follows a folder without any waiting: as `followLog`, reduced to what decides. */
class Reader {
  readonly #folder: LogFolder
  #cursor: FileCursor | undefined
  #findings = NOTHING
  #reading: ReturnType<LogFolder['open']> | undefined
  #expected: LogFile | undefined
  #openedAtMs = 0
  #openedNowMs = 0
  readonly hits = new Map<string, string>()
  readonly gaps: string[] = []

  constructor(folder: LogFolder) {
    this.#folder = folder
  }

  /** Everything but what is stored is forgotten. */
  crash(): void {
    this.#reading = undefined
    this.#findings = NOTHING
  }

  read(records: number): void {
    for (let count = 0; count < records; count++) if (this.#step() === 'idle') return
  }

  readAll(): void {
    for (let count = 0; count < 10_000; count++) if (this.#step() === 'idle') return
    throw new Error('the reader found no end')
  }

  #step(): 'idle' | 'on' {
    if (this.#reading === undefined) return this.#choose()
    const record = this.#reading.next()
    if (record === 'idle') return 'idle'
    const file = this.#expected
    const atMs = file?.live === false ? file.mtimeMs : this.#folder.nowMs
    const place = this.#cursor
    switch (record.kind) {
      case 'refused':
        this.#reading = undefined
        if (record.code === 'truncated' && file !== undefined && file.compression !== 'none')
          this.#findings = this.#isOwn()
            ? { ...NOTHING, ended: true, sinceMs: this.#openedAtMs }
            : { ...NOTHING, truncated: true, excluded: new Set([fileKey(file)]) }
        else if (record.code === 'truncated' && this.#isOwn())
          this.#findings = { ...NOTHING, truncated: true }
        else if (record.code !== 'moved' && this.#expected !== undefined)
          this.#findings = {
            ...this.#findings,
            excluded: new Set([...this.#findings.excluded, fileKey(this.#expected)]),
          }
        return 'on'
      case 'at': {
        const { device, inode, fingerprint, mark } = record
        const path = this.#expected?.path ?? ''
        const atMs = file?.live === false ? file.mtimeMs : this.#openedNowMs
        this.#cursor = {
          kind: 'file',
          path,
          device,
          inode,
          fingerprint,
          offset: Number(record.offset),
          mark,
          atMs,
        }
        this.#findings = NOTHING
        return 'on'
      }
      case 'line': {
        if (place === undefined) throw new Error('a line before its place')
        const id = eventIdOf('mx1', place.fingerprint ?? '', record.start)
        const mark = record.cut ? undefined : markOf(record.raw)
        this.#cursor = { ...place, offset: Number(record.end), mark, atMs }
        this.hits.set(id, Buffer.from(record.raw).toString('latin1'))
        return 'on'
      }
      case 'beat':
      case 'rotated':
        if (place === undefined) throw new Error('a beat before its place')
        this.#cursor = { ...place, offset: Number(record.offset), mark: record.mark, atMs }
        if (record.kind === 'rotated') {
          this.#findings = { ...NOTHING, ended: true, sinceMs: this.#openedAtMs }
          this.#reading = undefined
        }
        return 'on'
      case 'gap':
        return 'on'
    }
  }

  #choose(): 'idle' | 'on' {
    const step = nextGeneration(this.#cursor, this.#folder.list(), this.#findings)
    if (step.kind === 'wait') return 'idle'
    if (step.kind === 'gap') {
      this.gaps.push(step.gap.code)
      this.#cursor = step.cursor
      this.#findings = NOTHING
      return 'on'
    }
    this.#expected = step.file
    this.#openedAtMs = step.file.mtimeMs
    this.#openedNowMs = this.#folder.nowMs
    this.#reading = this.#folder.open({
      kind: 'file',
      path: step.file.path,
      offset: step.offset,
      mark: step.mark,
    })
    return 'on'
  }

  #isOwn(): boolean {
    const file = this.#expected
    return file?.device === this.#cursor?.device && file?.inode === this.#cursor?.inode
  }
}

type Command =
  | { readonly do: 'write'; readonly hits: number; readonly noise: boolean }
  | { readonly do: 'rotate' | 'copytruncate'; readonly rotation: Rotation }
  | { readonly do: 'reopen' | 'read-all' | 'crash' | 'forget-oldest' }
  | { readonly do: 'read'; readonly records: number }
  | { readonly do: 'wait'; readonly ms: number }

const rotation: fc.Arbitrary<Rotation> = fc.record({
  names: fc.constantFrom('numbers', 'dates'),
  compress: fc.constantFrom('no', 'at-once', 'later'),
  keep: fc.integer({ min: 3, max: 9 }),
})

/** A host keeps its scheme; only the moments are random. */
function commands(destructive: boolean): fc.Arbitrary<readonly Command[]> {
  return fc.tuple(rotation, destructive ? fc.boolean() : fc.constant(false)).chain(([chosen, copying]) => {
    const kept = destructive ? chosen : { ...chosen, keep: 1_000 }
    const gentle: fc.Arbitrary<Command>[] = [
      fc.record({ do: fc.constant('write'), hits: fc.integer({ min: 1, max: 4 }), noise: fc.boolean() }),
      fc.constant({ do: copying ? 'copytruncate' : 'rotate', rotation: kept }),
      fc.constant({ do: 'reopen' }),
      fc.record({ do: fc.constant('read'), records: fc.integer({ min: 1, max: 6 }) }),
      fc.constant({ do: 'read-all' }),
      fc.constant({ do: 'crash' }),
      fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 1, max: 100_000 }) }),
    ]
    const harsh: fc.Arbitrary<Command>[] = [fc.constant({ do: 'forget-oldest' })]
    return fc.array(fc.oneof(...gentle, ...(destructive ? harsh : [])), { maxLength: 60 })
  })
}

function play(script: readonly Command[]): { reader: Reader; folder: LogFolder; written: readonly string[] } {
  const folder = new LogFolder()
  const reader = new Reader(folder)
  const written: string[] = []
  folder.append('old HIT\n')
  reader.read(1) // the anchor is asked for
  reader.read(1) // and given
  for (const command of script) {
    folder.nowMs += 10
    switch (command.do) {
      case 'write':
        if (command.noise) folder.append(`noise ${folder.nowMs}\n`)
        for (let count = 0; count < command.hits; count++) {
          written.push(`HIT ${written.length}`)
          folder.append(`${written.at(-1)}\n`)
        }
        break
      case 'rotate':
        if (isFull(folder, command.rotation)) reader.crash()
        folder.rotate(command.rotation)
        break
      case 'copytruncate':
        if (isFull(folder, command.rotation)) reader.crash()
        folder.copyTruncate('', command.rotation)
        break
      case 'reopen':
        folder.reopen()
        break
      case 'forget-oldest': {
        const [oldest, ...others] = folder.list().toSorted(byAge)
        if (oldest !== undefined && others.length > 1) folder.remove(oldest.path)
        reader.crash()
        break
      }
      case 'read':
        reader.read(command.records)
        break
      case 'read-all':
        reader.readAll()
        break
      case 'crash':
        reader.crash()
        break
      case 'wait':
        folder.nowMs += command.ms
    }
  }
  folder.reopen()
  folder.nowMs += 1_000
  reader.readAll()
  return { reader, folder, written }
}

/**
 * Whether the rotation deletes something. Nobody holds on to a generation so long that it and others after it go meanwhile; and a file of
 * which nobody ever knew can vanish without a trace.
 */
function isFull(folder: LogFolder, { keep }: Rotation): boolean {
  return folder.list().length > keep
}

describe('the next generation', () => {
  it('makes every line that was ever written be read exactly once, however the log is renamed and compressed', () => {
    fc.assert(
      fc.property(commands(false), (script) => {
        const { reader, written } = play(script)
        expect(readBy(reader)).toEqual(written)
        expect(reader.gaps).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('makes every line that still stands in a file be read exactly once, and says so when others may be lost', () => {
    fc.assert(
      fc.property(commands(true), (script) => {
        const { reader, folder, written } = play(script)
        const read = readBy(reader)
        expect(read.length).toBe(new Set(read).size)
        const present = written.filter((hit) => folder.contents().some((text) => text.includes(`${hit}\n`)))
        expect(present.filter((hit) => !read.includes(hit))).toEqual([])
        if (written.some((hit) => !read.includes(hit))) expect(reader.gaps).not.toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('begins at the end of the log that is there', () => {
    const folder = new LogFolder()
    folder.append('old HIT\n')
    const step = nextGeneration(undefined, folder.list(), NOTHING)
    expect(step).toMatchObject({ kind: 'read', offset: 'end', file: { path: LIVE } })
    expect(nextGeneration(undefined, [], NOTHING)).toEqual({ kind: 'wait' })
  })
})

/** Where the generation of the cursor is gone, an older one may be read again, so what stood there before the first cursor is no matter. */
function readBy(reader: Reader): readonly string[] {
  return [...reader.hits.values()].filter((hit) => hit !== 'old HIT').toSorted(byNumber)
}

function byNumber(a: string, b: string): number {
  return Number(a.slice(4)) - Number(b.slice(4))
}
