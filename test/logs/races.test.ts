import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import type { Cursor } from '../../src/logs/cursor.ts'
import { followLog } from '../../src/logs/follow-log.ts'
import type { HostStream } from '../../src/logs/host-stream.ts'
import { LogFolder } from './log-folder.ts'
import type { Rotation } from './log-folder.ts'

/** Waiting takes no time, so that only the order of things counts. */
function breathlessClock(now: () => number): Clock {
  return {
    now,
    after(_delayMs, run) {
      const timer = globalThis.setImmediate(run)
      return () => clearImmediate(timer)
    },
  }
}

type Event = 'write' | 'half' | 'rotate' | 'copytruncate' | 'reopen' | 'compress' | 'nothing'

/** Far more than any script has reason for: whoever asks so often gets nowhere. */
const MOST_CONVERSATIONS = 1_000

/** A folder in which something happens between any two questions of the one who follows. */
function restless(folder: LogFolder, happen: () => void): HostStream {
  let conversations = 0
  const count = () => {
    // A follower that never waits lets no timer run, not even that of the test.
    if (++conversations > MOST_CONVERSATIONS) throw new Error('the host is asked without end')
  }
  return {
    async files() {
      count()
      const files = await folder.files()
      happen()
      return files
    },
    async *follow(request, signal) {
      count()
      happen()
      for await (const record of folder.follow(request, signal)) {
        yield record
        happen()
      }
    },
  }
}

function scripts(rotation: Event): fc.Arbitrary<readonly Event[]> {
  const events = fc.constantFrom<Event[]>(
    'write',
    'write',
    'half',
    rotation,
    rotation,
    'reopen',
    'compress',
    'nothing',
  )
  return fc.array(events, { maxLength: 40 })
}

type Host = {
  readonly rotation: Rotation
  /** How far our clock is ahead of the host's. */
  readonly aheadMs: number
}

const PLAIN: Host = { rotation: { names: 'numbers', compress: 'no', keep: 1_000 }, aheadMs: 0 }

const hosts: fc.Arbitrary<Host> = fc.record({
  rotation: fc.record({
    names: fc.constantFrom('numbers', 'dates'),
    compress: fc.constantFrom('no', 'at-once', 'later'),
    keep: fc.constant(1_000),
  }),
  aheadMs: fc.constantFrom(0, 3, 20_000, -20_000),
})

type Outcome = {
  readonly read: readonly string[]
  readonly gaps: readonly string[]
  readonly written: readonly string[]
  readonly folder: LogFolder
}

async function follow(script: readonly Event[], { rotation, aheadMs }: Host): Promise<Outcome> {
  const folder = new LogFolder()
  folder.append('begin\n')
  const written: string[] = []
  const events = [...script]
  let anchor: Cursor | undefined
  let half = ''
  const happen = () => {
    if (anchor === undefined) return
    folder.nowMs += 1
    switch (events.shift()) {
      case 'write':
        written.push(`HIT ${written.length}`)
        folder.append(`${(written.at(-1) ?? '').slice(half.length)}\n`)
        half = ''
        break
      case 'half':
        if (half === '') folder.append((half = 'HI'))
        break
      case 'rotate':
        finish()
        folder.rotate(rotation)
        break
      case 'copytruncate':
        finish()
        folder.copyTruncate('', rotation)
        break
      case 'reopen':
        finish()
        folder.reopen()
        break
      case 'compress':
        folder.compressNewest()
    }
  }
  /** A writer lets go of a file only with a whole line. */
  const finish = () => {
    if (half !== '') folder.append(`T of nobody ${folder.nowMs}\n`)
    half = ''
  }
  const clock = breathlessClock(() => folder.nowMs + aheadMs)
  const source = followLog({ host: 'mx1', stream: restless(folder, happen), clock })
  const hits = new Map<string, string>()
  const gaps: string[] = []
  const life = new AbortController()
  let fault: unknown
  const reading = (async () => {
    for await (const record of source.read(undefined, life.signal)) {
      anchor = record.cursor
      if (record.kind === 'gap') gaps.push(record.gap.code)
      if (record.kind === 'line') hits.set(record.eventId, Buffer.from(record.raw).toString('latin1'))
    }
  })().catch((error: unknown) => {
    if (!life.signal.aborted) fault = error
  })
  // Events happen when the follower asks; when it has fallen silent, the rest happens by itself, and at last the writer is told to reopen.
  let silent = 0
  for (let reopened = false; fault === undefined; ) {
    const before = `${events.length} ${hits.size} ${gaps.length}`
    await setImmediate()
    silent = `${events.length} ${hits.size} ${gaps.length}` === before ? silent + 1 : 0
    if (silent < 20) continue
    if (events.length > 0) happen()
    else if (reopened) break
    else {
      finish()
      folder.reopen()
      reopened = true
    }
    silent = 0
  }
  life.abort()
  await reading
  if (fault !== undefined) throw fault
  return {
    read: [...hits.values()].filter((hit) => !hit.startsWith('HIT of nobody')),
    gaps,
    written,
    folder,
  }
}

const numberOf = (hit: string) => Number(hit.slice(4))

/** A generation that comes and goes between the listing and the opening of an empty log, which looks as before. */
const slippedBy: readonly Event[] = [
  'copytruncate',
  'compress',
  'reopen',
  'nothing',
  'nothing',
  'reopen',
  'write',
  'copytruncate',
]

describe('a folder that changes between any two looks', () => {
  it('is read without a gap while it is rotated and compressed', async () => {
    await fc.assert(
      fc.asyncProperty(scripts('rotate'), hosts, async (script, host) => {
        const { read, gaps, written } = await follow(script, host)
        expect(read.toSorted((a, b) => numberOf(a) - numberOf(b))).toEqual(written)
        expect(gaps).toEqual([])
      }),
      { numRuns: 500, examples: [[['rotate', 'reopen', 'rotate', 'half'], PLAIN]] },
    )
  })

  it('is read as far as it stands anywhere while it is copied, truncated and compressed', async () => {
    await fc.assert(
      fc.asyncProperty(scripts('copytruncate'), hosts, async (script, host) => {
        const { read, gaps, written, folder } = await follow(script, host)
        const standing = written.filter((hit) => folder.contents().some((text) => text.includes(`${hit}\n`)))
        expect(standing.filter((hit) => !read.includes(hit))).toEqual([])
        expect(new Set(read).size).toBe(read.length)
        if (written.some((hit) => !read.includes(hit))) expect(gaps).toContain('truncated')
      }),
      { numRuns: 500, examples: [[slippedBy, PLAIN]] },
    )
  })
})
