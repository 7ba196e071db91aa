import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { helperHostStream } from '../../src/hosts/helper-host-stream.ts'
import type { FollowRecord, FollowRequest } from '../../src/logs/host-stream.ts'
import { fakeLink, type FakeHelper } from './fake-link.ts'
import { unchanged } from './unchanged.ts'

const FILE: FollowRequest = { kind: 'file', path: '/var/log/mail.log', offset: 4096, mark: 'b'.repeat(64) }
const AT = `at\t2049\t77\t${'c'.repeat(64)}\t4096\t${'b'.repeat(64)}\n`

function streamOn(helper: FakeHelper, timings: Partial<{ pingMs: number; silenceMs: number }> = {}) {
  const link = fakeLink(helper)
  const stream = helperHostStream(link, systemClock, {
    askMs: 500,
    pingMs: 5000,
    silenceMs: 20_000,
    ...timings,
  })
  return { link, stream }
}

async function take(
  records: AsyncIterable<FollowRecord>,
  atMost = Number.POSITIVE_INFINITY,
): Promise<readonly FollowRecord[]> {
  const taken: FollowRecord[] = []
  for await (const record of records) {
    taken.push(record)
    if (taken.length === atMost) break
  }
  return taken
}

const never = new AbortController().signal

test('files lists the generations', async () => {
  const { stream, link } = streamOn((helper) =>
    helper.end(
      `file\t/var/log/mail.log.1.gz\trotated\t2049\t70\t-\t1764000000123\t${'d'.repeat(64)}\tgz\n` +
        'file\t/var/log/mail.log\tlive\t2049\t77\t0\t1764003600456\t-\tnone\nend\tok\tfiles\n',
    ),
  )
  expect(await stream.files()).toEqual([
    {
      path: '/var/log/mail.log.1.gz',
      live: false,
      device: '2049',
      inode: '70',
      sizeBytes: undefined,
      mtimeMs: 1_764_000_000_123,
      fingerprint: 'd'.repeat(64),
      compression: 'gz',
    },
    {
      path: '/var/log/mail.log',
      live: true,
      device: '2049',
      inode: '77',
      sizeBytes: 0,
      mtimeMs: 1_764_003_600_456,
      fingerprint: undefined,
      compression: 'none',
    },
  ])
  expect(link.requests).toEqual(['maillimit/1 files'])
})

describe('follow', () => {
  test('yields the records of one generation to its end', async () => {
    const { stream, link } = streamOn((helper) =>
      helper.end(
        `${AT}line\t4096\t4110\t-\ta\tb \xff\nline\t4110\t70000\tcut\tlong\nbeat\t70000\t${'e'.repeat(64)}\t70000\nbeat\tx=1\t-\t-\n` +
          'gap\t70000\t70100\tnul\nnews\t1\nrotated\t70100\t-\nend\tok\trotated\n',
        'latin1',
      ),
    )
    expect(await take(stream.follow(FILE, never))).toEqual([
      {
        kind: 'at',
        device: '2049',
        inode: '77',
        fingerprint: 'c'.repeat(64),
        offset: '4096',
        mark: 'b'.repeat(64),
      },
      {
        kind: 'line',
        start: '4096',
        end: '4110',
        cut: false,
        raw: new Uint8Array(Buffer.from('a\tb \xff', 'latin1')),
      },
      { kind: 'line', start: '4110', end: '70000', cut: true, raw: new Uint8Array(Buffer.from('long')) },
      { kind: 'beat', offset: '70000', mark: 'e'.repeat(64), sizeBytes: 70_000 },
      { kind: 'beat', offset: 'x=1', mark: undefined, sizeBytes: undefined },
      { kind: 'gap', from: '70000', to: '70100', code: 'nul' },
      { kind: 'rotated', offset: '70100', mark: undefined },
    ])
    expect(link.requests).toEqual([
      `maillimit/1 follow file=/var/log/mail.log offset=4096 mark=${'b'.repeat(64)}`,
    ])
    expect(link.counts.open).toBe(0)
  })

  test.each<[FollowRequest, string]>([
    [
      { kind: 'file', path: '/l', offset: 'end', mark: undefined },
      'maillimit/1 follow file=/l offset=end mark=-',
    ],
    [{ kind: 'journal', cursor: undefined }, 'maillimit/1 follow cursor=-'],
    [{ kind: 'journal', cursor: 's=ab;i=1' }, 'maillimit/1 follow cursor=s%3Dab%3Bi%3D1'],
  ])('asks for %j', async (request, line) => {
    const { stream, link } = streamOn((helper) => helper.end('rotated\t1\t-\nend\tok\trotated\n'))
    await take(stream.follow(request, never))
    expect(link.requests).toEqual([line])
  })

  test.each(['moved', 'truncated', 'mark'] as const)('a refusal (%s) is a record', async (code) => {
    const { stream } = streamOn((helper) => helper.end(`end\trefused\t${code}\n`))
    expect(await take(stream.follow(FILE, never))).toEqual([{ kind: 'refused', code }])
  })

  test('other refusals and an end that is no rotation are faults', async () => {
    const refused = streamOn((helper) => helper.end('end\trefused\tusage\n'))
    await expect(take(refused.stream.follow(FILE, never))).rejects.toMatchObject({ code: 'host-refused' })
    const early = streamOn((helper) => helper.end(`${AT}rotated\t1\t-\nbeat\t1\t-\t1\nend\tok\tclosed\n`))
    await expect(take(early.stream.follow(FILE, never))).rejects.toMatchObject({
      code: 'follow-ended',
      retryable: true,
    })
    const broken = streamOn((helper) => helper.end(AT))
    await expect(take(broken.stream.follow(FILE, never))).rejects.toMatchObject({ code: 'bad-answer' })
  })

  test('pings keep coming, and their beats keep the watch quiet', async () => {
    const pings: string[] = []
    const { stream } = streamOn(
      (helper) => {
        helper.write(AT)
        helper.on('data', (bytes: Buffer) => {
          pings.push(bytes.toString())
          helper.write('beat\t4096\t-\t4096\n')
        })
      },
      { pingMs: 20, silenceMs: 2_000 },
    )
    // 120 pings take longer than the silence that would be a fault.
    expect(await take(stream.follow(FILE, never), 121)).toHaveLength(121)
    expect(pings.join('')).toMatch(/^(ping\n){120,}$/)
  })

  test('a helper that falls silent is a fault', async () => {
    const { stream, link } = streamOn((helper) => helper.write(AT), { silenceMs: 100 })
    await expect(take(stream.follow(FILE, never))).rejects.toMatchObject({ code: 'timeout', retryable: true })
    expect(link.counts.open).toBe(0)
  })

  test('a reader that takes its time is no silence', async () => {
    const { stream } = streamOn(
      (helper) => helper.end(`${AT}beat\t1\t-\t1\nrotated\t1\t-\nend\tok\trotated\n`),
      {
        silenceMs: 500,
      },
    )
    let seen = 0
    for await (const _ of stream.follow(FILE, never)) {
      seen++
      await wait(700)
    }
    expect(seen).toBe(3)
  })

  test('an abort ends it with its reason, whether it waits or has more to give', async () => {
    for (const more of ['', 'beat\t1\t-\t1\n'.repeat(10)]) {
      const abort = new AbortController()
      const { stream, link } = streamOn((helper) => helper.write(AT + more))
      let seen = 0
      const following = (async () => {
        for await (const _ of stream.follow(FILE, abort.signal)) {
          seen++
          setImmediate(() => abort.abort(new Error('enough')))
          if (more !== '') await once(abort.signal, 'abort')
        }
      })()
      await expect(following).rejects.toThrow('enough')
      expect(seen).toBe(1)
      expect(link.counts.open).toBe(0)
    }
  })

  test('a reader that stops pulling stops the helper', async () => {
    let written = 0
    const line = `line\t0\t1000\t-\t${'x'.repeat(1000)}\n`
    const { stream } = streamOn((helper) => {
      const pour = () => {
        while (!helper.destroyed) {
          written += line.length
          if (!helper.write(line)) break
        }
        helper.once('drain', pour)
      }
      pour()
    })
    const records = stream.follow(FILE, never)[Symbol.asyncIterator]()
    await records.next()
    expect(await unchanged(() => written)).toBeLessThan(4 * 1024 * 1024)
    await records.return?.()
  })
})
