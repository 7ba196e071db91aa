import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import { OpsError } from '../../src/lib/errors.ts'
import type { Cursor } from '../../src/logs/cursor.ts'
import { followLog } from '../../src/logs/follow-log.ts'
import type { FollowRecord, HostStream, LogFile } from '../../src/logs/host-stream.ts'
import type { LogRecord } from '../../src/logs/log-source.ts'
import { nowhere } from '../../src/logs/next-generation.ts'
import { type FilesUnderTest, logSourceContract } from '../contract/log-source.ts'
import { FakeClock } from '../lib/fake-clock.ts'
import { LIVE, LogFolder } from './log-folder.ts'

/** A hundred times as fast as ours. */
const hurriedClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs / 100)
    return () => clearTimeout(timer)
  },
}

async function inMemory(): Promise<FilesUnderTest> {
  const folder = new LogFolder()
  const tick = () => {
    folder.nowMs = Date.now()
  }
  tick()
  folder.append('old HIT\n')
  return {
    source: followLog({ host: 'mx1', stream: folder, clock: hurriedClock }),
    async append(text) {
      tick()
      folder.append(typeof text === 'string' ? text : Buffer.from(text).toString('latin1'))
    },
    async rotate() {
      tick()
      folder.rotate()
      folder.reopen()
    },
    async compress() {
      folder.compressNewest()
    },
    async copyTruncate() {
      tick()
      folder.copyTruncate()
    },
    async forget() {
      for (const path of folder.paths()) if (path !== LIVE) folder.remove(path)
    },
    async remove() {
      folder.close()
      folder.remove(LIVE)
    },
    async [Symbol.asyncDispose]() {
      if (folder.follows !== 0) throw new Error('a follow was left behind')
    },
  }
}

logSourceContract('a folder in memory', { kind: 'file', open: inMemory })

const FILE: LogFile = {
  path: LIVE,
  live: true,
  device: '8',
  inode: '1',
  sizeBytes: 100,
  mtimeMs: 0,
  fingerprint: 'f'.repeat(64),
  compression: 'none',
}
const AT: FollowRecord = {
  kind: 'at',
  device: '8',
  inode: '1',
  fingerprint: FILE.fingerprint,
  offset: '100',
  mark: 'a'.repeat(64),
}

/** A host that says what it likes, each time it is asked. */
function saying(...records: readonly FollowRecord[]): HostStream {
  return {
    files: async () => [FILE],
    async *follow() {
      yield* records
    },
  }
}

async function readAll(stream: HostStream): Promise<void> {
  const source = followLog({ host: 'mx1', stream, clock: hurriedClock })
  const records = source.read(undefined, new AbortController().signal)[Symbol.asyncIterator]()
  while ((await records.next()).done !== true);
}

it('says that something is missing when a host changes from its journal to a log file', async () => {
  const source = followLog({ host: 'mx1', stream: saying(AT), clock: hurriedClock })
  const records = source.read({ kind: 'journal', cursor: 's=1', atMs: 5 }, new AbortController().signal)
  expect(await records[Symbol.asyncIterator]().next()).toMatchObject({
    value: { kind: 'gap', gap: { code: 'journal-lost', fromMs: 5 }, cursor: { kind: 'file', offset: 100 } },
  })
})

it('does not read another generation that was given the name and the inode of the one that was meant', async () => {
  const other: FollowRecord = { ...AT, offset: '0', mark: undefined, fingerprint: 'e'.repeat(64) }
  const line: FollowRecord = { kind: 'line', start: '0', end: '9', cut: false, raw: Buffer.from('x') }
  const source = followLog({ host: 'mx1', stream: saying(other, line), clock: hurriedClock })
  const records = source.read(nowhere(0), new AbortController().signal)[Symbol.asyncIterator]()
  await expect(records.next()).rejects.toMatchObject({ code: 'log-restless' })
})

describe('a host that talks nonsense', () => {
  it('is faulted when it sends a line before it said where it is', async () => {
    const line: FollowRecord = { kind: 'line', start: '0', end: '9', cut: false, raw: Buffer.from('x') }
    await expect(readAll(saying(line))).rejects.toMatchObject({ code: 'bad-answer', retryable: true })
  })

  it.each(['-1', '1e3', 'x', '99999999999999999999', ''])('is faulted for the position %j', async (end) => {
    const line: FollowRecord = { kind: 'line', start: '0', end, cut: false, raw: Buffer.from('x') }
    await expect(readAll(saying(AT, line))).rejects.toMatchObject({ code: 'bad-answer' })
  })

  it('is faulted when it ends without a word', async () => {
    await expect(readAll(saying(AT))).rejects.toMatchObject({ code: 'follow-ended', retryable: true })
  })

  it('is faulted when the log grows and nothing of it is looked at', async () => {
    const beats = Array.from(
      { length: 8 },
      (_, index): FollowRecord => ({
        kind: 'beat',
        offset: '100',
        mark: undefined,
        sizeBytes: 100 + index * 20_000,
      }),
    )
    await expect(readAll(saying(AT, ...beats))).rejects.toMatchObject({ code: 'follow-stalled' })
  })

  it('is faulted when its log is another one each time it is opened', async () => {
    await expect(readAll(saying({ kind: 'refused', code: 'moved' }))).rejects.toMatchObject({
      code: 'log-restless',
    })
  })
})

/** Throws rather than being asked without end: a follower that never waits would let no timer end the test. */
function counted(
  stream: HostStream,
  most: number,
): HostStream & { readonly conversations: readonly string[] } {
  const conversations: string[] = []
  const count = (conversation: string) => {
    if (conversations.push(conversation) > most) throw new Error(`the host was asked more than ${most} times`)
  }
  return {
    conversations,
    async files() {
      count('files')
      return stream.files()
    },
    async *follow(request, signal) {
      count(request.kind === 'file' ? request.path : 'journal')
      yield* stream.follow(request, signal)
    },
  }
}

/** What is read within so much time: records, and the code of the fault that ended it sooner, if one did. */
async function readFor(
  forMs: number,
  stream: HostStream,
  clock: FakeClock,
  begin: Cursor,
): Promise<{ readonly records: readonly LogRecord[]; readonly fault: string | undefined }> {
  const records: LogRecord[] = []
  const life = new AbortController()
  const reading = (async () => {
    for await (const record of followLog({ host: 'mx1', stream, clock }).read(begin, life.signal))
      records.push(record)
  })().catch((error: unknown) => {
    if (life.signal.aborted) return undefined
    if (error instanceof OpsError) return error.code
    throw error
  })
  const [fault] = await Promise.all([reading, clock.advance(forMs).then(() => life.abort())])
  return { records, fault: fault ?? undefined }
}

describe('a follower that gets nowhere', () => {
  it('reads no generation again when one got its first line after it was listed', async () => {
    const folder = new LogFolder()
    folder.append('begin\n')
    const begin = { ...nowhere(folder.nowMs), ...cursorOf(folder.list()[0]), offset: 6 }
    folder.rotate()
    folder.reopen()
    folder.rotate()
    const late: HostStream = {
      files: () => folder.files(),
      async *follow(request, signal) {
        for await (const record of folder.follow(request, signal)) {
          yield record
          if (request.kind !== 'file' || request.path !== `${LIVE}.1` || record.kind !== 'at') continue
          if (record.fingerprint === undefined) folder.append('HIT\n')
          folder.reopen()
        }
      },
    }
    const stream = counted(late, 20)
    const { records } = await readFor(10_000, stream, new FakeClock(folder.nowMs), begin)
    expect(records.map((record) => record.kind).filter((kind) => kind !== 'beat')).toEqual(['line'])
    expect(stream.conversations.filter((asked) => asked !== 'files')).toEqual([
      `${LIVE}.2`,
      `${LIVE}.1`,
      LIVE,
    ])
  })

  const rotated: FollowRecord = { kind: 'rotated', offset: '100', mark: undefined }
  it.each<readonly [string, readonly FollowRecord[]]>([
    ['ends though it is the live one', [AT, rotated]],
    ['is refused as moved', [AT, { kind: 'refused', code: 'moved' }]],
    ['is refused as truncated', [AT, { kind: 'refused', code: 'truncated' }]],
    ['is refused for its mark', [AT, { kind: 'refused', code: 'mark' }]],
    ['is refused at once as truncated', [{ kind: 'refused', code: 'truncated' }]],
    ['is refused at once for its mark', [{ kind: 'refused', code: 'mark' }]],
  ])('asks a host a few times a second at most whose log %s', async (_what, records) => {
    const stream = counted(saying(...records), 10 * 15)
    const clock = new FakeClock()
    const begin = { ...nowhere(clock.now()), ...cursorOf(FILE), offset: 100, mark: 'a'.repeat(64) }
    const { fault } = await readFor(10_000, stream, clock, begin)
    expect([undefined, 'log-restless']).toContain(fault)
    expect(stream.conversations.length).toBeGreaterThan(2)
  })
})

describe('a log of which nothing can be read for now', () => {
  it('is said to be absent as long as there is none, nor a rotated one', async () => {
    const folder = new LogFolder()
    folder.close()
    folder.remove(LIVE)
    const { records } = await readFor(3_000, folder, new FakeClock(folder.nowMs), nowhere(folder.nowMs))
    expect(records.length).toBeGreaterThan(1)
    for (const record of records) expect(record).toMatchObject({ kind: 'beat', trouble: 'absent' })
  })

  it('is looked for each second at first, and less often when it stays away', async () => {
    const folder = new LogFolder()
    folder.close()
    folder.remove(LIVE)
    const askedWithin = async (forMs: number) => {
      const stream = counted(folder, 1_000)
      await readFor(forMs, stream, new FakeClock(folder.nowMs), nowhere(folder.nowMs))
      return stream.conversations.length
    }
    expect(await askedWithin(10_000)).toBeGreaterThanOrEqual(10)
    expect(await askedWithin(630_000)).toBeLessThanOrEqual(160)
  })

  it('is not said to be absent between a rotation and the next line', async () => {
    const folder = new LogFolder()
    folder.append('begin\n')
    const begin = { ...nowhere(folder.nowMs), ...cursorOf(folder.list()[0]), offset: 6 }
    folder.rotate()
    folder.remove(LIVE)
    folder.close()
    const { records } = await readFor(6_000, folder, new FakeClock(folder.nowMs), begin)
    expect(records.length).toBeGreaterThan(1)
    for (const record of records) expect(record).not.toHaveProperty('trouble')
  })

  it('ends in a line without an end when the host leaves out its size, and is not begun again for that', async () => {
    const beat: FollowRecord = { kind: 'beat', offset: '100', mark: undefined, sizeBytes: undefined }
    const stream = saying(AT, ...Array.from({ length: 20 }, () => beat))
    const source = followLog({ host: 'mx1', stream, clock: hurriedClock })
    const troubles: unknown[] = []
    await expect(
      (async () => {
        for await (const record of source.read(undefined, new AbortController().signal))
          if (record.kind === 'beat') troubles.push(record.trouble)
      })(),
    ).rejects.toMatchObject({ code: 'follow-ended' })
    expect(troubles).toEqual(Array.from({ length: 20 }, () => 'endless-line'))
  })
})

describe('a log that was copied and truncated while nobody read', () => {
  it.each(['no', 'at-once'] as const)(
    'has one gap if the copy is shorter than what was read (compressed: %s)',
    async (compress) => {
      const rotation = { names: 'numbers', compress, keep: 7 } as const
      const folder = new LogFolder()
      folder.append('begin\n')
      const live = folder.list()[0]
      folder.copy(rotation)
      folder.append('HIT 1\n')
      const begin = { ...nowhere(folder.nowMs), ...cursorOf(live), offset: 12 }
      folder.append('HIT lost\n')
      folder.truncate(rotation)
      folder.append('HIT 2\n')
      const clock = new FakeClock(folder.nowMs)
      const { records } = await readFor(10_000, counted(folder, 20), clock, begin)
      expect(linesAndGaps(records)).toEqual(['truncated', 'HIT 2'])
    },
  )
})

describe('a log that was compressed while its writer still held it', () => {
  it('has a gap that says so if the compressed file is shorter than what was read', async () => {
    const folder = new LogFolder()
    folder.append('begin\n')
    const live = folder.list()[0]
    folder.rotate()
    folder.close()
    folder.compressNewest()
    // Six bytes more were read: they were written after gzip had read the file, and before it was removed.
    const begin = { ...nowhere(folder.nowMs), ...cursorOf(live), offset: 12 }
    folder.append('HIT 2\n')
    const { records } = await readFor(10_000, counted(folder, 20), new FakeClock(folder.nowMs), begin)
    expect(linesAndGaps(records)).toEqual(['compressed-early', 'HIT 2'])
  })
})

describe('a bot that dies between the gap of a truncation and the copy', () => {
  it.each(['no', 'at-once'] as const)(
    'says the gap once, although the copy is too short and compressed by then (when it died: %s)',
    async (compress) => {
      const rotation = { names: 'numbers', compress, keep: 7 } as const
      const folder = new LogFolder()
      folder.append('begin\n')
      const live = folder.list()[0]
      folder.copy(rotation)
      folder.append('HIT 1\n')
      const begin = { ...nowhere(folder.nowMs), ...cursorOf(live), offset: 12 }
      folder.truncate(rotation)
      folder.append('HIT 2\n')
      const clock = new FakeClock(folder.nowMs)
      const first = await readFor(10_000, folder, clock, begin)
      const gap = first.records.find((record) => record.kind === 'gap')
      expect(gap).toMatchObject({ gap: { code: 'truncated' } })
      folder.compressNewest()
      const { records } = await readFor(10_000, counted(folder, 30), clock, gap?.cursor ?? begin)
      expect(linesAndGaps(records)).toEqual(['HIT 2'])
    },
  )
})

/** The lines as text, and the codes of the gaps between them. */
function linesAndGaps(records: readonly LogRecord[]): readonly string[] {
  return records.flatMap((record) => {
    if (record.kind === 'line') return [Buffer.from(record.raw).toString('latin1')]
    return record.kind === 'gap' ? [record.gap.code] : []
  })
}

function cursorOf(file: LogFile | undefined): Pick<LogFile, 'path' | 'device' | 'inode' | 'fingerprint'> {
  if (file === undefined) throw new Error('there is no such file')
  const { path, device, inode, fingerprint } = file
  return { path, device, inode, fingerprint }
}
