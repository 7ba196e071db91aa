import { PassThrough } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { OpsError } from '../../src/lib/errors.ts'
import type { AnswerRecord } from '../../src/hosts/answer-record.ts'
import type { ChannelEnding } from '../../src/hosts/host-link.ts'
import { readAnswer } from '../../src/hosts/read-answer.ts'

type Read = { readonly records: readonly AnswerRecord[]; readonly end: unknown }

async function read(
  pieces: readonly (string | Buffer)[],
  ending: ChannelEnding = { kind: 'ended', status: undefined, said: '' },
): Promise<Read> {
  const stream = new PassThrough()
  const answer = readAnswer(
    'mail1',
    { stream, ending: () => Promise.resolve(ending), close: () => {} },
    systemClock,
    new AbortController().signal,
  )
  const feed = async () => {
    for (const piece of pieces) {
      stream.write(piece)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    stream.end()
  }
  const fed = feed()
  const records: AnswerRecord[] = []
  try {
    for (;;) {
      const next = await answer.next()
      if (next.done) return { records, end: next.value }
      records.push(next.value)
    }
  } finally {
    await fed
  }
}

test('records and their end are read, however the bytes are cut', async () => {
  const answer = Buffer.concat([
    Buffer.from('host\tos\tDebian%1BGNU%2FLinux %C3%A4\nline\t0\t12\t-\traw\twith %41 and '),
    Buffer.from([0xff, 0xfe, 0x0d]),
    Buffer.from('\ndiff\t/etc/x\t7\t+\t  a = b\nempty\t\t\nend\tok\tdone\textra\n'),
  ])
  const expected = {
    records: [
      { name: 'host', fields: ['os', 'Debian\u{fffd}GNU/Linux ä'], raw: undefined },
      {
        name: 'line',
        fields: ['0', '12', '-'],
        raw: new Uint8Array(
          Buffer.concat([Buffer.from('raw\twith %41 and '), Buffer.from([0xff, 0xfe, 0x0d])]),
        ),
      },
      { name: 'diff', fields: ['/etc/x', '7', '+'], raw: new Uint8Array(Buffer.from('  a = b')) },
      { name: 'empty', fields: ['', ''], raw: undefined },
    ],
    end: { outcome: 'ok', code: 'done' },
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: answer.length }), { maxLength: 8 }), async (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), answer.length]
      const pieces = places.slice(1).map((place, index) => answer.subarray(places[index], place))
      expect(await read(pieces)).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

describe('what is no answer is a bad answer that shows what came', () => {
  test.each<[string, (string | Buffer)[], RegExp]>([
    ['a banner', ['Welcome to Debian!\n', 'end\tok\tx\n'], /no record: "Welcome to Debian!"/],
    ['an empty line', ['\n'], /no record: ""/],
    ['binary rubbish', [Buffer.from([0, 1, 2, 255, 10])], /no record: "\\x00\\x01\\x02\\xff"/],
    ['terminal escapes', ['\x1b[2Jhost\tx\n'], /"\\x1b\[2Jhost\\x09x"/],
    ['an upper-case name', ['HOST\tx\n'], /no record/],
    ['a raw byte in an encoded field', [Buffer.from('host\tos\tD\xe4b\n', 'latin1')], /no record/],
    ['a broken escape', ['host\tos\t100%\n'], /no record: "host\\x09os\\x09100%"/],
    ['a line record without its bytes', ['line\t1\t2\t-\n'], /no record/],
    ['a NUL in a raw field', ['line\t1\t2\t-\ta\0b\n'], /no record/],
    [
      'an endless line',
      Array.from({ length: 30 }, () => 'x'.repeat(10_000)),
      /line without an end: "x{120}" …/,
    ],
    ['a line beyond the limit', [`host\t${'y'.repeat(100_000)}\n`], /too long to be a record/],
    ['an unheard-of outcome', ['end\tperhaps\tx\n'], /an end that is none: "end\\x09perhaps/],
    ['an end without a code', ['end\tok\n'], /an end that is none/],
    ['a code with a space', ['end\tok\tall good\n'], /an end that is none/],
    [
      'more after the end, at once',
      ['end\tok\tx\nhost\tos\tx\n'],
      /went on after the end of its answer: "host/,
    ],
    ['more after the end, later', ['end\tok\tx\n', 'x'], /went on after the end of its answer: "x"/],
    ['nothing', [], /broke off before the end of its answer$/],
    ['half an answer', ['step\tlock\tok\t1\t-\n', 'step\tche'], /unfinished: "step\\x09che"/],
  ])('%s', async (_, pieces, message) => {
    await expect(read(pieces)).rejects.toMatchObject({
      code: 'bad-answer',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('host/install'),
      retryable: false,
    })
  })

  test('the exit status and standard error are told, with the remedy', async () => {
    const sudo = { kind: 'ended', status: 'exit status 1', said: 'sudo: a password is required\n' } as const
    await expect(read([], sudo)).rejects.toMatchObject({
      code: 'bad-answer',
      message:
        'mail1 broke off before the end of its answer (exit status 1; its standard error says: "sudo: a password is required")',
      hint: expect.stringContaining('sudo does not let'),
    })
    const missing = { kind: 'ended', status: 'exit status 127', said: '' } as const
    await expect(read([], missing)).rejects.toMatchObject({ hint: expect.stringContaining('not installed') })
  })
})

test('an answer that a broken connection cut short is the fault of the connection', async () => {
  const fault = new OpsError('connection-lost', 'mail1 does not answer any more', { retryable: true })
  await expect(read(['host\tos\tx\n'], { kind: 'lost', fault })).rejects.toBe(fault)
})

test('no bytes make the reader hang or throw anything but a bad answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), async (pieces) => {
      const outcome = await read(pieces.map((piece) => Buffer.from(piece))).catch((error: unknown) => error)
      expect(outcome).toMatchObject({ code: 'bad-answer' })
    }),
    { numRuns: 200 },
  )
})

test('an abort ends the reading with its reason', async () => {
  const stream = new PassThrough()
  const abort = new AbortController()
  const answer = readAnswer(
    'mail1',
    { stream, ending: () => Promise.reject(new Error('not asked')), close: () => {} },
    systemClock,
    abort.signal,
  )
  const next = answer.next()
  abort.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  expect(stream.listenerCount('readable')).toBe(0)
})
