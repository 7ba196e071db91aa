import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { localHostStream } from '../../src/hosts/local-host-stream.ts'
import type { FollowRecord, FollowRequest, HostStream, LogFile } from '../../src/logs/host-stream.ts'
import { followLog } from '../../src/logs/follow-log.ts'
import { countingClock } from './counting-clock.ts'
import { leftovers } from './leftovers.ts'

const clock = countingClock()
const TIMINGS = { beatMs: 40, lookMs: 30 }
let folder: string
let log: string
let before: readonly string[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-log-'))
  log = join(folder, 'mail.log')
  before = await leftovers()
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  assert.deepEqual({ timers: clock.set(), held: await leftovers(before) }, { timers: 0, held: before })
})

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Stands in for the helper: lists the folder, and reads a rotated generation to its end, which comes when it was quiet for 100 ms. */
function folderHelper(): HostStream & { readonly asked: FollowRequest[] } {
  const asked: FollowRequest[] = []
  return {
    asked,
    files() {
      const files: LogFile[] = []
      for (const name of readdirSync(folder)) {
        const path = join(folder, name)
        const stat = statSync(path)
        const bytes = readFileSync(path)
        const lf = bytes.indexOf(10)
        files.push({
          path,
          live: path === log,
          device: String(stat.dev),
          inode: String(stat.ino),
          sizeBytes: stat.size,
          mtimeMs: Math.round(stat.mtimeMs),
          fingerprint: lf < 0 ? undefined : sha256(bytes.subarray(0, lf + 1)),
          compression: 'none',
        })
      }
      return Promise.resolve(
        files.toSorted((a, b) => Number(a.live) - Number(b.live) || a.mtimeMs - b.mtimeMs),
      )
    },
    async *follow(request, signal) {
      asked.push(request)
      if (request.kind !== 'file' || request.offset === 'end') throw new Error('not meant for the helper')
      const stat = statSync(request.path)
      let offset = request.offset
      const first = readFileSync(request.path)
      yield {
        kind: 'at',
        device: String(stat.dev),
        inode: String(stat.ino),
        fingerprint: sha256(first.subarray(0, first.indexOf(10) + 1)),
        offset: String(offset),
        mark: request.mark,
      }
      for (let quiet = 0; quiet < 5; ) {
        signal.throwIfAborted()
        const bytes = readFileSync(request.path)
        const lf = bytes.indexOf(10, offset)
        if (lf < 0) {
          quiet++
          await wait(20)
          continue
        }
        quiet = 0
        const raw = new Uint8Array(bytes.subarray(offset, lf))
        const start = String(offset)
        offset = lf + 1
        if (!raw.includes('M'.charCodeAt(0))) continue
        yield { kind: 'line', start, end: String(offset), cut: false, raw }
      }
      yield { kind: 'rotated', offset: String(offset), mark: undefined }
    },
  }
}

/** What happens to the file as soon as a record of this kind has come: with `at` it is open, with a `beat` read to its end. */
type Edit = readonly [after: FollowRecord['kind'], edit: () => void]

async function followed(
  request: Partial<Extract<FollowRequest, { kind: 'file' }>>,
  enough: (records: readonly FollowRecord[]) => boolean,
  { helper = folderHelper(), edits = [] }: { helper?: HostStream; edits?: readonly Edit[] } = {},
): Promise<readonly FollowRecord[]> {
  const toDo = [...edits]
  const stream = localHostStream(helper, clock, TIMINGS)
  await stream.files()
  const records: FollowRecord[] = []
  const whole = { kind: 'file', path: log, offset: 0, mark: undefined, ...request } as const
  for await (const record of stream.follow(whole, AbortSignal.timeout(30_000))) {
    records.push(record)
    if (record.kind === toDo[0]?.[0]) toDo.shift()?.[1]()
    if (enough(records)) break
  }
  return records
}

const hit = (number: number) => `Maximum number of connections from user+IP exceeded ${number}`
const linesOf = (records: readonly FollowRecord[]) =>
  records
    .filter((record) => record.kind === 'line')
    .map((record) => Buffer.from(record.raw).toString('latin1'))

test('old and new lines that matter come with exact positions, byte for byte', async () => {
  const first = 'dull line\n'
  writeFileSync(log, `${first}${hit(1)} \xff\ttab\n`, 'latin1')
  const records = await followed(
    {},
    (records) => linesOf(records).length === 2 && records.at(-1)?.kind === 'beat',
    {
      edits: [
        ['beat', () => appendFileSync(log, `dull\n${hit(2)}`)],
        ['beat', () => appendFileSync(log, ' and its end\n')],
      ],
    },
  )
  const { dev, ino } = statSync(log)
  expect(records[0]).toEqual({
    kind: 'at',
    device: String(dev),
    inode: String(ino),
    fingerprint: sha256(first),
    offset: '0',
    mark: undefined,
  })
  expect(linesOf(records)).toEqual([`${hit(1)} \xff\ttab`, `${hit(2)} and its end`])
  for (const record of records) {
    if (record.kind !== 'line') continue
    const [start, end] = [Number(record.start), Number(record.end)]
    expect(readFileSync(log).subarray(start, end)).toEqual(Buffer.concat([record.raw, Buffer.from('\n')]))
  }
  const size = statSync(log).size
  expect(records.at(-1)).toEqual({
    kind: 'beat',
    offset: String(size),
    mark: sha256(`${hit(2)} and its end\n`),
    sizeBytes: size,
  })
})

test('from the end on, an unfinished line is still to come', async () => {
  writeFileSync(log, `${hit(1)}\n${hit(2)}`)
  const records = await followed({ offset: 'end' }, (records) => linesOf(records).length === 1, {
    edits: [['beat', () => appendFileSync(log, '!\n')]],
  })
  expect(records[0]).toMatchObject({ offset: String(hit(1).length + 1), mark: sha256(`${hit(1)}\n`) })
  expect(linesOf(records)).toEqual([`${hit(2)}!`])
})

test('an empty log tells its fingerprint before its first line', async () => {
  writeFileSync(log, '')
  const records = await followed({}, (records) => linesOf(records).length === 1, {
    edits: [['at', () => appendFileSync(log, `${hit(1)}\n`)]],
  })
  expect(records.filter((record) => record.kind !== 'beat').map((record) => record.kind)).toEqual([
    'at',
    'at',
    'line',
  ])
  expect(records.find((record) => record.kind === 'at')).toMatchObject({ fingerprint: undefined })
  expect(records.findLast((record) => record.kind === 'at')).toMatchObject({
    fingerprint: sha256(`${hit(1)}\n`),
  })
})

test('a position that does not fit is refused', async () => {
  writeFileSync(log, `${hit(1)}\n${hit(2)}\n`)
  const refusal = async (offset: number, mark: string | undefined) =>
    (await followed({ offset, mark }, () => true))[0]
  const line = hit(1).length + 1
  expect(await refusal(line, sha256(`${hit(1)}\n`))).toMatchObject({ kind: 'at' })
  expect(await refusal(line, 'f'.repeat(64))).toEqual({ kind: 'refused', code: 'mark' })
  expect(await refusal(5000, undefined)).toEqual({ kind: 'refused', code: 'truncated' })
})

test('a rename ends it as moved, after everything that was written before', async () => {
  writeFileSync(log, `${hit(1)}\n`)
  const rename = () => {
    appendFileSync(log, `${hit(2)}\n`)
    renameSync(log, `${log}.1`)
    appendFileSync(`${log}.1`, `${hit(3)}\n`)
    writeFileSync(log, `${hit(4)}\n`)
  }
  const records = await followed({}, (records) => records.at(-1)?.kind === 'refused', {
    edits: [['beat', rename]],
  })
  expect(records.at(-1)).toEqual({ kind: 'refused', code: 'moved' })
  expect(linesOf(records).slice(0, 2)).toEqual([hit(1), hit(2)])
  expect(linesOf(records)).not.toContain(hit(4))
})

test.each([
  ['shorter', `${hit(9)}\n`],
  ['longer', `${hit(9)}\n`.repeat(20)],
])('a truncation is noticed, also when the file is %s at once', async (_, text) => {
  writeFileSync(log, `${hit(1)}\n${hit(2)}\n`)
  const truncate = () => {
    truncateSync(log)
    appendFileSync(log, text)
  }
  const records = await followed({}, (records) => records.at(-1)?.kind === 'refused', {
    edits: [['beat', truncate]],
  })
  expect(records.at(-1)).toEqual({ kind: 'refused', code: 'truncated' })
})

test.each([
  ['a line of more than 64 KiB', `${'x'.repeat(70_000)}\n`],
  ['a line without an end', 'x'.repeat(70_000)],
  ['a hole of NULs', '\0\0\0\0'],
])('%s is left to the helper, from just before it', async (_, text) => {
  writeFileSync(log, `${hit(1)}\n`)
  const helper = folderHelper()
  await followed({}, () => helper.asked.length > 0, {
    helper,
    edits: [['beat', () => appendFileSync(log, text)]],
  })
  const start = hit(1).length + 1
  expect(helper.asked).toEqual([{ kind: 'file', path: log, offset: start, mark: sha256(`${hit(1)}\n`) }])
})

test('what the bot may not read, and all but the live generation, is the helper’s', async () => {
  writeFileSync(`${log}.1`, `${hit(1)}\n`)
  writeFileSync(log, '')
  const helper = folderHelper()
  const records = await followed({ path: `${log}.1` }, () => false, { helper })
  expect(records.at(-1)?.kind).toBe('rotated')
  expect(helper.asked).toHaveLength(1)
})

test('through rotation upon rotation, with a writer who is late to notice, no line is lost and none comes twice', async () => {
  writeFileSync(log, 'first line of the log\n')
  const source = followLog({ host: 'local', stream: localHostStream(folderHelper(), clock, TIMINGS), clock })
  const abort = new AbortController()
  const seen: string[] = []
  const ids = new Set<string>()
  const anchored = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const record of source.read(undefined, abort.signal)) {
      if (record.kind === 'gap') throw new Error(record.gap.detail)
      if (record.kind === 'anchor') anchored.resolve()
      if (record.kind !== 'line') continue
      seen.push(Buffer.from(record.raw).toString().split(' ').at(-1) ?? '')
      ids.add(record.eventId)
    }
  })()
  let fault: unknown
  reading.catch((error: unknown) => (fault = error))
  await Promise.race([anchored.promise, reading])
  let written = 0
  const write = (path: string, count: number) => {
    for (let i = 0; i < count; i++) appendFileSync(path, `noise\n${hit(written++)}\n`)
  }
  for (let rotation = 1; rotation <= 4; rotation++) {
    write(log, 150)
    await wait(20)
    write(log, 50)
    renameSync(log, `${log}-2026112${rotation}`)
    write(`${log}-2026112${rotation}`, 20)
    // The fingerprint is the first line: let it differ, as times do in real logs.
    writeFileSync(log, `the log after rotation ${rotation}\n`)
    await wait(30)
    // Whoever wrote to the old file is done before the new one is used.
    write(log, 30)
  }
  try {
    await expect.poll(() => fault ?? seen.length).toBe(written)
  } finally {
    abort.abort(new Error('enough'))
  }
  await expect(reading).rejects.toThrow('enough')
  expect(seen.map(Number)).toEqual(Array.from({ length: written }, (_, index) => index))
  expect(ids.size).toBe(written)
})

test('a reader that is slow loses nothing of a burst', async () => {
  writeFileSync(log, 'first line\n')
  const stream = localHostStream(folderHelper(), clock, TIMINGS)
  await stream.files()
  const lines: string[] = []
  let pause = true
  setTimeout(() => {
    for (let burst = 0; burst < 30; burst++) {
      appendFileSync(
        log,
        Array.from({ length: 1000 }, (_, index) => `${hit(burst * 1000 + index)}\n`).join(''),
      )
    }
  }, 30)
  const request = { kind: 'file', path: log, offset: 0, mark: undefined } as const
  for await (const record of stream.follow(request, AbortSignal.timeout(50_000))) {
    if (record.kind !== 'line') continue
    lines.push(Buffer.from(record.raw).toString())
    if (pause) await wait(200)
    pause = false
    if (lines.length === 30_000) break
  }
  expect(lines).toEqual(Array.from({ length: 30_000 }, (_, index) => hit(index)))
})
