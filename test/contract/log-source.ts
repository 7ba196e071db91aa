import { describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/logs/cursor.ts'
import type { LogRecord, LogSource } from '../../src/logs/log-source.ts'

/** A log that a test writes to as it likes, and the source that follows it. */
export type LogUnderTest = {
  readonly source: LogSource
  /** Whole lines, or of a file any bytes. Resolves when they can be read. */
  append(text: string | Uint8Array): Promise<void>
  /** A new generation begins: logrotate with `create`, and the writer has opened the new file; or journald's own rotation. */
  rotate(): Promise<void>
  /** All but the newest generation are deleted. */
  forget(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What can happen to a log that is a file, and to no journal. */
export type FilesUnderTest = LogUnderTest & {
  /** The newest rotated generation is compressed. */
  compress(): Promise<void>
  /** logrotate with `copytruncate`. */
  copyTruncate(): Promise<void>
  /** The log itself is removed, and nobody has it open. */
  remove(): Promise<void>
}

/** A log with one old hit in it. The kind says which guarantees apply: a journal has no files, so nothing of theirs is promised. */
export type LogKind =
  | { readonly kind: 'file'; readonly open: () => Promise<FilesUnderTest> }
  | {
      readonly kind: 'journal'
      readonly open: () => Promise<LogUnderTest>
      /** Writes a line that only pretends to be Dovecot's. */
      readonly forge: (text: string) => Promise<void>
    }

/** Pulls records one by one; whoever does not pull holds the source back. */
class Following implements AsyncDisposable {
  readonly #life = new AbortController()
  readonly #records: AsyncIterator<LogRecord>
  /** The newest cursor, as a store would have it. */
  cursor: Cursor | undefined

  constructor(source: LogSource, cursor?: Cursor) {
    this.cursor = cursor
    this.#records = source.read(cursor, this.#life.signal)[Symbol.asyncIterator]()
  }

  async next(): Promise<LogRecord> {
    const late = setTimeout(() => this.#life.abort(new Error('nothing came for 20 s')), 20_000)
    const turn = await this.#records.next().finally(() => clearTimeout(late))
    if (turn.done === true) throw new Error('the source ended by itself')
    this.cursor = turn.value.cursor
    return turn.value
  }

  /** Skips beats, which may come at any time. */
  async event(): Promise<LogRecord> {
    for (;;) {
      const record = await this.next()
      if (record.kind !== 'beat') return record
    }
  }

  async line(): Promise<{ readonly text: string; readonly eventId: string }> {
    const record = await this.event()
    if (record.kind !== 'line')
      throw new Error(`a ${record.kind} came instead of a line: ${JSON.stringify(record)}`)
    return { text: textOf(record.raw), eventId: record.eventId }
  }

  async texts(count: number): Promise<readonly string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push((await this.line()).text)
    return texts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort()
    await this.#records.return?.()
  }
}

/** What was written, byte for byte as latin1. An entry of a journal is JSON; its message is an array where it is no clean UTF-8. */
function textOf(raw: Uint8Array): string {
  const text = Buffer.from(raw).toString('latin1')
  if (!text.startsWith('{')) return text
  const message: unknown = JSON.parse(Buffer.from(raw).toString('utf8')).MESSAGE
  return Buffer.from(message as string).toString('latin1')
}

const hit = (number: number | string) =>
  `Nov 24 08:32:00 mx1 dovecot: imap-login: Maximum number of connections from user+IP exceeded: session=<${number}>`
const hits = (...numbers: readonly (number | string)[]) =>
  numbers.map((number) => `${hit(number)}\n`).join('')

/** What every source of a log does, whatever carries its bytes. */
export function logSourceContract(name: string, log: LogKind): void {
  describe(`the log over ${name}`, () => {
    everyLog(log)
    if (log.kind === 'file') files(log.open)
    else journals(log)
  })
}

/** Follows from the end of the log and stops at once: what a bot has after its first start. */
async function anchored(log: LogUnderTest): Promise<Cursor> {
  await using following = new Following(log.source)
  return (await following.next()).cursor
}

function everyLog({ kind, open }: LogKind): void {
  it('is read from its end, and says where that is before anything else', async () => {
    await using log = await open()
    await using following = new Following(log.source)
    expect(await following.next()).toMatchObject({ kind: 'anchor', cursor: { kind } })
    await log.append(hits(1, 2))
    expect(await following.texts(2)).toEqual([hit(1), hit(2)])
  })

  it('gives every byte of a line as it stands there, and no line that does not matter', async () => {
    await using log = await open()
    await using following = new Following(log.source)
    await following.next()
    const strange = `${hit('ÿ\u0081\u0001\t%')}\u00C3`
    await log.append(Buffer.from(`noise\n${strange}\nmore noise\n`, 'latin1'))
    expect((await following.line()).text).toBe(strange)
  })

  it('gives a line of eight thousand characters whole', async () => {
    await using log = await open()
    await using following = new Following(log.source)
    await following.next()
    const long = hit('x'.repeat(8_000))
    await log.append(`${long}\n`)
    expect((await following.line()).text).toBe(long)
  })

  it('gives each line once, wherever the reading stopped, under a name of its own', async () => {
    await using log = await open()
    let stored = await anchored(log)
    await log.append(hits(1, 2, 3))
    const lines: { readonly text: string; readonly eventId: string }[] = []
    while (lines.length < 3) {
      await using following = new Following(log.source, stored)
      lines.push(await following.line())
      stored = following.cursor ?? stored
    }
    expect(lines.map((line) => line.text)).toEqual([hit(1), hit(2), hit(3)])
    expect(new Set(lines.map((line) => line.eventId)).size).toBe(3)
  })

  it('is followed through rotations without losing the end of an old generation, which may be deleted then', async () => {
    await using log = await open()
    let stored: Cursor | undefined
    {
      await using following = new Following(log.source)
      await following.next()
      await log.append(hits(1))
      await log.rotate()
      await log.append(hits(2))
      await log.rotate()
      await log.append(hits(3))
      expect(await following.texts(3)).toEqual([hit(1), hit(2), hit(3)])
      stored = following.cursor
    }
    await log.forget()
    await log.append(hits(4))
    await using following = new Following(log.source, stored)
    expect(await following.texts(1)).toEqual([hit(4)])
  })

  it('is caught up with through whatever was rotated while nobody read, under the same names', async () => {
    await using log = await open()
    const anchor = await anchored(log)
    await log.append(hits(1))
    const read = async (count: number) => {
      await using following = new Following(log.source, anchor)
      const lines: { readonly text: string; readonly eventId: string }[] = []
      while (lines.length < count) lines.push(await following.line())
      return lines
    }
    const [before] = await read(1)
    await log.rotate()
    await log.append(hits(2))
    await log.rotate()
    await log.append(hits(3))
    const after = await read(3)
    expect(after.map((line) => line.text)).toEqual([hit(1), hit(2), hit(3)])
    expect(after[0]?.eventId).toBe(before?.eventId)
  })

  it('has a gap when a generation was deleted unread, and goes on behind it', async () => {
    await using log = await open()
    const anchor = await anchored(log)
    await log.append(hits(1))
    await log.rotate()
    await log.append(hits(2))
    await log.forget()
    await using following = new Following(log.source, anchor)
    expect(await following.event()).toMatchObject({
      kind: 'gap',
      gap: { code: kind === 'file' ? 'deleted' : 'journal-lost' },
    })
    expect((await following.line()).text).toBe(hit(2))
  })

  it('ends when it is told to, however much there is to read', async () => {
    await using log = await open()
    const anchor = await anchored(log)
    await log.append(hits(1, 2, 3))
    const life = new AbortController()
    const records = log.source.read(anchor, life.signal)[Symbol.asyncIterator]()
    await records.next()
    life.abort(new Error('enough'))
    await expect(
      (async () => {
        for (;;) if ((await records.next()).done === true) return
      })(),
    ).rejects.toThrow('enough')
  })
}

function files(open: () => Promise<FilesUnderTest>): void {
  it('gives a line only when it is whole', async () => {
    await using log = await open()
    await using following = new Following(log.source)
    await following.next()
    await log.append(hit(1).slice(0, -4))
    await log.append(`${hit(1).slice(-4)}\n`)
    expect((await following.line()).text).toBe(hit(1))
  })

  it('names a line for ever, compressed or not', async () => {
    await using log = await open()
    const anchor = await anchored(log)
    await log.append(hits(1))
    const read = async () => {
      await using following = new Following(log.source, anchor)
      return await following.line()
    }
    const live = await read()
    await log.rotate()
    await log.compress()
    expect(await read()).toEqual(live)
  })

  it('has a gap when it is truncated, after the rest of the copy was read', async () => {
    await using log = await open()
    await using following = new Following(log.source)
    await following.next()
    await log.append(hits(1))
    expect((await following.line()).text).toBe(hit(1))
    await log.copyTruncate()
    expect(await following.event()).toMatchObject({ kind: 'gap', gap: { code: 'truncated' } })
    await log.append(hits(2))
    expect((await following.line()).text).toBe(hit(2))
  })

  it('may not exist yet: then all that comes is new', async () => {
    await using log = await open()
    await log.remove()
    await using following = new Following(log.source)
    expect(await following.next()).toMatchObject({ kind: 'anchor' })
    await log.append(hits(1))
    expect((await following.line()).text).toBe(hit(1))
  })
}

function journals({ open, forge }: Extract<LogKind, { kind: 'journal' }>): void {
  it('knows who wrote an entry: nobody else counts', async () => {
    await using log = await open()
    await using following = new Following(log.source)
    await following.next()
    await forge(hit('forged'))
    await log.append(hits(1))
    expect((await following.line()).text).toBe(hit(1))
  })
}
