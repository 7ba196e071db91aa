import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { OpsError } from '../../src/lib/errors.ts'
import { helperMailHost } from '../../src/hosts/helper-mail-host.ts'
import type { ApplyRequest, TranscriptEnd, TranscriptRecord } from '../../src/remediation/mail-host.ts'
import { fakeLink, type FakeHelper, type FakeLink } from './fake-link.ts'

const DIGEST = 'a'.repeat(64)
const HELLO_LINES = [
  'host\tprotocol\t1',
  'host\thelper\t0.1.0',
  'host\tdovecot\t2.4.1-4',
  'host\tdovecot-state\trunning',
  'host\tos\tDebian GNU/Linux 13 (trixie)',
  'host\thostname\tmx1',
  'host\tlog\tfile /var/log/mail.log',
  'host\tmax-limit\t100',
  'host\tchanges\tyes',
  'host\tchanges-an-hour\t6',
  'host\tshutdown-clients\tyes',
  'host\tclock\t@CLOCK@',
  'host\tutc-offset\t-120',
  'host\tservices\timap,pop3',
  'limit\timap\t10\t-\t-',
  'limit\tpop3\t0\t/etc/dovecot/conf.d/20-pop3.conf\t7',
  'limit\tsieve\t-\t-\t-',
  'end\tok\thello',
]

function hello(clockMs = Date.now(), change: (line: string) => string | undefined = (line) => line): string {
  return HELLO_LINES.map((line) => change(line.replace('@CLOCK@', String(clockMs))))
    .filter((line) => line !== undefined)
    .map((line) => `${line}\n`)
    .join('')
}

function says(...answers: string[]): FakeHelper {
  let asked = 0
  return (stream) => stream.end(answers[Math.min(asked++, answers.length - 1)])
}

function hostOn(
  helper: FakeHelper,
  changeMs = 2000,
): { link: FakeLink; host: ReturnType<typeof helperMailHost> } {
  const link = fakeLink(helper)
  return { link, host: helperMailHost(link, systemClock, { askMs: 300, changeMs }) }
}

async function listen(
  transcript: AsyncGenerator<TranscriptRecord, TranscriptEnd, void>,
): Promise<{ records: TranscriptRecord[]; end: TranscriptEnd }> {
  const records: TranscriptRecord[] = []
  for (;;) {
    const next = await transcript.next()
    if (next.done) return { records, end: next.value }
    records.push(next.value)
  }
}

const APPLY: ApplyRequest = {
  id: 'change-0001',
  service: 'imap',
  value: 20,
  client: '192.0.2.7',
  digest: DIGEST,
  actor: 'U012AB3CD',
  expiresAtMs: 1_800_000_000_400,
}

describe('hello', () => {
  test('is asked once for all who want to know before the question goes out, and anew for whoever comes later', async () => {
    const { host, link } = hostOn(says(hello()))
    const [first, second] = await Promise.all([host.hello(), host.hello()])
    expect(second).toBe(first)
    expect(link.requests).toHaveLength(1)
    expect(await host.hello()).not.toBe(first)
    expect(link.requests).toHaveLength(2)
  })

  test('is asked anew while an earlier question is being answered, since that answer may be older', async () => {
    const answers: Array<() => void> = []
    const { host, link } = hostOn((stream) => answers.push(() => stream.end(hello())))
    const first = host.hello()
    await expect.poll(() => link.requests).toHaveLength(1)
    const second = host.hello()
    await expect.poll(() => link.requests).toHaveLength(2)
    for (const answer of answers) answer()
    expect(await second).not.toBe(await first)
  })

  test('is asked anew after a question that could not go out', async () => {
    const { host, link } = hostOn(says(hello()))
    const open = link.open.bind(link)
    link.open = async () => {
      link.open = open
      throw new OpsError('unreachable', 'mx1 does not answer', { retryable: true })
    }
    const both = await Promise.allSettled([host.hello(), host.hello()])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect((await host.hello()).hostname).toBe('mx1')
  })

  test('tells the facts, and how far the two clocks are apart', async () => {
    const { host, link } = hostOn(says(hello(Date.now() + 3_600_000)))
    const facts = await host.hello()
    expect(facts).toMatchObject({
      protocol: 1,
      helperVersion: '0.1.0',
      dovecotVersion: '2.4.1-4',
      dovecotRunning: true,
      os: 'Debian GNU/Linux 13 (trixie)',
      hostname: 'mx1',
      log: { kind: 'file', path: '/var/log/mail.log' },
      maxLimit: 100,
      changes: 'yes',
      shutdownClients: true,
      utcOffsetMinutes: -120,
      limits: [
        { service: 'imap', value: 10, where: undefined },
        { service: 'pop3', value: 0, where: { file: '/etc/dovecot/conf.d/20-pop3.conf', line: 7 } },
      ],
    })
    expect(Math.abs(facts.clockOffsetMs - 3_600_000)).toBeLessThan(60_000)
    expect(link.requests).toEqual(['maillimit/1 hello'])
    expect(link.counts.open).toBe(0)
  })

  test.each([
    ['1795530524664', 1_795_530_524_664],
    ['-', undefined],
    // No calendar has this one, but a file system may.
    ['9000000000000000', undefined],
  ])('tells when the deciding file was last changed: %s', async (said, fileChangedAtMs) => {
    const { host } = hostOn(says(hello(0, (line) => (line.endsWith('.conf\t7') ? `${line}\t${said}` : line))))
    expect((await host.hello()).limits[1]?.fileChangedAtMs).toBe(fileChangedAtMs)
  })

  test.each([
    ['journald 25 1795530524664', { by: 'journald', count: 25, atMs: 1_795_530_524_664 }],
    ['rsyslog - 1795530524664', { by: 'rsyslog', count: undefined, atMs: 1_795_530_524_664 }],
    ['-', undefined],
  ])('tells whether messages were dropped lately: %s', async (said, suppressed) => {
    const { host } = hostOn(says(`host\tsuppressed\t${said}\n${hello()}`))
    expect((await host.hello()).suppressed).toEqual(suppressed)
  })

  test.each<[string, RegExp, (line: string) => string | undefined]>([
    [
      'strange words on dropped messages',
      /does not say who dropped/,
      (line) => line.replace('services\timap,pop3', 'suppressed\tcron 5 x'),
    ],
    ['another protocol', /speaks protocol 7/, (line) => line.replace('protocol\t1', 'protocol\t7')],
    ['no protocol', /did not say its "protocol"/, (line) => (line.includes('protocol') ? undefined : line)],
    [
      'a word for a number',
      /wrong field 2 in a record "host": "many"/,
      (line) => line.replace('limit\t100', 'limit\tmany'),
    ],
    ['an unknown switch', /wrong field 2/, (line) => line.replace('changes\tyes', 'changes\tperhaps')],
    ['a strange log', /names no log: "tape"/, (line) => line.replace('file /var/log/mail.log', 'tape')],
    [
      'a limit without a value',
      /without its field 2/,
      (line) => line.replace('limit\timap\t10\t-\t-', 'limit\timap'),
    ],
    [
      'a word for the time of a file',
      /wrong field 5 in a record "limit": "today"/,
      (line) => line.replace('.conf\t7', '.conf\t7\ttoday'),
    ],
  ])('%s is a bad answer', async (_, message, change) => {
    const { host } = hostOn(says(hello(0, change)))
    await expect(host.hello()).rejects.toMatchObject({
      code: 'bad-answer',
      message: expect.stringMatching(message),
    })
  })

  test('what a later release adds is ignored, and protocol 2 is understood', async () => {
    const later = `news\t1\nhost\tmoon\tfull\n${hello(0, (line) => line.replace('protocol\t1', 'protocol\t2'))}`
    expect(await hostOn(says(later)).host.hello()).toMatchObject({ protocol: 2 })
  })

  test('a helper that cannot is a fault with its own words', async () => {
    const { host } = hostOn(
      says(
        'warn\trefusal\tconfiguration\t/etc/maillimit.conf\t3\tThe setting x is unknown.\nend\tfailed\tconfiguration\n',
      ),
    )
    await expect(host.hello()).rejects.toMatchObject({
      code: 'host-failed',
      message: 'mail1 failed the request (configuration): The setting x is unknown.',
      retryable: false,
    })
  })

  test('a helper that hangs is given up at the deadline, and its channel is closed', async () => {
    const { host, link } = hostOn((stream) => stream.write('host\tprotocol\t1\n'))
    await expect(host.hello()).rejects.toMatchObject({ code: 'timeout', retryable: true })
    expect(link.counts.open).toBe(0)
  })

  test('an answer that never ends is given up before memory is', async () => {
    const { host } = hostOn((stream) => {
      const record = `session\t${'u'.repeat(60_000)}\timap\t1\t192.0.2.1\t-\n`.repeat(4)
      const more = () => {
        while (!stream.destroyed && stream.write(record));
        if (!stream.destroyed) stream.once('drain', more)
      }
      more()
    })
    await expect(host.who()).rejects.toMatchObject({
      message: expect.stringContaining('answer without an end'),
    })
  })
})

test('who lists sessions, and leaves out those that have no address', async () => {
  const { host, link } = hostOn(
    says(
      'session\ttäro\timap\t1\t-\t-\n'.replace('ä', '%C3%A4') +
        'session\ttaro@example.com\timap\t4711\t2001:db8::7\t192.0.2.1\nsession\ttaro@example.com\tsieve\t12\t192.0.2.9\t-\nend\tok\twho\n',
    ),
  )
  expect(await host.who('taro@example.com')).toEqual([
    { user: 'taro@example.com', service: 'imap', pid: 4711, ip: '2001:db8::7', destIp: '192.0.2.1' },
    { user: 'taro@example.com', service: 'sieve', pid: 12, ip: '192.0.2.9', destIp: undefined },
  ])
  await host.who()
  expect(link.requests).toEqual(['maillimit/1 who user=taro@example.com', 'maillimit/1 who'])
})

describe('plan', () => {
  const PLAN =
    'limit\timap\t10\t-\t-\n' +
    `plan\traise\timap\t10\t20\t/etc/dovecot/conf.d/20-imap.conf\t93\t${DIGEST}\n` +
    'diff\t/etc/dovecot/conf.d/20-imap.conf\t93\t+\t  mail_max_userip_connections = 20\t# \xff\n' +
    'impact\tsessions\t37\nimpact\tshutdown-clients\tyes\nimpact\tprocess-count\t37\nimpact\tprocess-limit\t-\nimpact\treload\tsystemctl\n' +
    'warn\twarning\tprocess-limit\t/etc/dovecot/conf.d/10-master.conf\t12\tprocess_limit is near.\n'
  const RAISE = { kind: 'raise', service: 'imap', value: 20, client: undefined } as const

  function answer(end: string, plan = PLAN): FakeHelper {
    return (stream) => stream.end(Buffer.from(`${plan}end\t${end}\n`, 'latin1'))
  }

  test('a plan is told whole', async () => {
    const { host, link } = hostOn(answer('ok\tplan'))
    expect(await host.plan({ ...RAISE, client: '2001:db8::7' })).toEqual({
      kind: 'plan',
      plan: {
        kind: 'raise',
        service: 'imap',
        oldValue: 10,
        newValue: 20,
        where: { file: '/etc/dovecot/conf.d/20-imap.conf', line: 93 },
        digest: DIGEST,
        diff: [
          {
            file: '/etc/dovecot/conf.d/20-imap.conf',
            line: 93,
            sign: '+',
            text: '  mail_max_userip_connections = 20\t# ÿ',
          },
        ],
        impact: { sessions: 37, shutdownClients: true, processCount: 37, processLimit: undefined },
        notices: [
          {
            severity: 'warning',
            code: 'process-limit',
            where: { file: '/etc/dovecot/conf.d/10-master.conf', line: 12 },
            text: 'process_limit is near.',
          },
        ],
      },
    })
    expect(link.requests).toEqual(['maillimit/1 plan service=imap value=20 client=2001:db8::7'])
  })

  test('one that is only advice is marked so', async () => {
    expect(await hostOn(answer('ok\tadvise')).host.plan(RAISE)).toMatchObject({ kind: 'advise' })
  })

  test('a rollback is planned by the id of the change', async () => {
    const { host, link } = hostOn(answer('ok\tplan', PLAN.replace('raise', 'rollback')))
    expect(await host.plan({ kind: 'rollback', of: 'change-0001' })).toMatchObject({
      plan: { kind: 'rollback' },
    })
    expect(link.requests).toEqual(['maillimit/1 plan of=change-0001'])
  })

  test('a refusal comes with its reasons', async () => {
    const refusal = 'warn\trefusal\tbroken\t/etc/dovecot/dovecot.conf\t3\tdoveconf fails at line 3.\n'
    expect(await hostOn(answer('refused\tbroken', refusal)).host.plan(RAISE)).toEqual({
      kind: 'refused',
      code: 'broken',
      notices: [
        {
          severity: 'refusal',
          code: 'broken',
          where: { file: '/etc/dovecot/dovecot.conf', line: 3 },
          text: 'doveconf fails at line 3.',
        },
      ],
    })
  })

  test('a host that is busy is no refusal of the plan, but may be asked again', async () => {
    await expect(hostOn(answer('refused\tbusy', '')).host.plan(RAISE)).rejects.toMatchObject({
      code: 'host-refused',
      retryable: true,
    })
  })

  test.each([
    ['another value', 'ok\tplan', PLAN.replace('\t20\t', '\t21\t'), /planned something else/],
    ['another service', 'ok\tplan', PLAN.replace('raise\timap', 'raise\tpop3'), /planned something else/],
    ['a rollback', 'ok\tplan', PLAN.replace('raise', 'rollback'), /planned something else/],
    ['no plan', 'ok\tplan', 'limit\timap\t10\t-\t-\n', /without a plan/],
    ['no digest', 'ok\tplan', PLAN.replace(DIGEST, 'none'), /without a digest/],
    ['an unknown end', 'ok\tsplendid', PLAN, /unknown word: "splendid"/],
  ])('%s in place of what was asked is a bad answer', async (_, end, plan, message) => {
    await expect(hostOn(answer(end, plan)).host.plan(RAISE)).rejects.toMatchObject({
      code: 'bad-answer',
      message: expect.stringMatching(message),
    })
  })
})

describe('apply', () => {
  const STEPS =
    'step\tlock\tok\t1\t-\nstep\tbackup\tok\t2\t/etc/x.20261124-101500\ndiff\t/etc/x\t9\t+\ta = b\nnews\tx\n'

  test('yields each record as it comes, and returns the end', async () => {
    let go = () => {}
    const { host } = hostOn((stream, request) => {
      if (request.endsWith(' hello')) {
        stream.end(hello())
      } else {
        stream.write(STEPS)
        go = () => stream.end('warn\twarning\tnear\t-\t-\tMind it.\nend\tok\tapplied\n')
      }
    })
    const transcript = host.apply(APPLY)
    expect(await transcript.next()).toEqual({
      done: false,
      value: { kind: 'step', name: 'lock', state: 'ok', atMs: 1, detail: '' },
    })
    expect((await transcript.next()).value).toMatchObject({
      name: 'backup',
      detail: '/etc/x.20261124-101500',
    })
    expect((await transcript.next()).value).toEqual({
      kind: 'diff',
      file: '/etc/x',
      line: 9,
      sign: '+',
      text: 'a = b',
    })
    go()
    expect((await transcript.next()).value).toMatchObject({ kind: 'notice', text: 'Mind it.' })
    expect(await transcript.next()).toEqual({ done: true, value: { kind: 'applied' } })
  })

  test('the expiry is told in seconds by the clock of the host, which is asked once', async () => {
    const { host, link } = hostOn((stream, request) =>
      stream.end(request.endsWith(' hello') ? hello(Date.now() - 100_000) : 'end\tok\tapplied\n'),
    )
    await listen(host.apply(APPLY))
    await listen(
      host.rollback({
        id: 'change-0002',
        of: 'change-0001',
        digest: DIGEST,
        actor: 'U1',
        expiresAtMs: 1_800_000_000_400,
      }),
    )
    expect(link.requests[0]).toBe('maillimit/1 hello')
    const words = link.requests.slice(1).map((request) => request.split(' '))
    expect(words[0]?.slice(0, -1)).toEqual([
      'maillimit/1',
      'apply',
      'id=change-0001',
      'service=imap',
      'value=20',
      'client=192.0.2.7',
      `digest=${DIGEST}`,
      'actor=U012AB3CD',
    ])
    expect(words[1]?.slice(1, 4)).toEqual(['rollback', 'id=change-0002', 'of=change-0001'])
    for (const word of words.map((one) => one.at(-1))) {
      expect(Math.abs(Number(word?.replace('expires=', '')) - 1_799_999_900)).toBeLessThanOrEqual(30)
    }
  })

  test.each<[string, TranscriptEnd]>([
    ['end\tok\trolled-back', { kind: 'rolled-back' }],
    ['end\trefused\tdigest', { kind: 'refused', code: 'digest' }],
    ['end\trefused\tvoided', { kind: 'refused', code: 'voided' }],
    ['step\tvalidate\tfailed\t3\tno\nend\tfailed\trestored', { kind: 'restored', code: 'validate' }],
    ['end\tfailed\trestored', { kind: 'restored', code: 'restored' }],
    [
      'step\trestore\tfailed\t3\tno\nend\tfailed\tneeds-operator',
      { kind: 'needs-operator', code: 'restore' },
    ],
    ['step\tlock\tok\t3\t-\nend\tfailed\tstate', { kind: 'needs-operator', code: 'state' }],
    ['end\tfailed\tconfiguration', { kind: 'refused', code: 'configuration' }],
    ['end\tok\trunning', { kind: 'running' }],
  ])('%j', async (text, end) => {
    const { host } = hostOn(says(hello(), `${text}\n`))
    expect((await listen(host.apply(APPLY))).end).toEqual(end)
  })

  test.each<[string, FakeHelper, RegExp]>([
    ['a channel that breaks before the end', (stream) => stream.end(STEPS), /broke off/],
    ['rubbish among the records', (stream) => stream.end(`${STEPS}oops!\nend\tok\tapplied\n`), /no record/],
    ['a word that no release knows', (stream) => stream.end('end\tok\tmaybe\n'), /unknown word/],
    [
      'a step of an unknown state',
      (stream) => stream.end('step\tlock\thm\t1\t-\nend\tok\tapplied\n'),
      /wrong field 2/,
    ],
    [
      'more after the end',
      (stream) => stream.end('end\tok\tapplied\nend\tfailed\trestored\n'),
      /went on after/,
    ],
    ['silence', () => {}, /did not finish/],
    [
      'a lost connection',
      (_stream, _request, end) =>
        end({ kind: 'lost', fault: new OpsError('connection-lost', 'mail1 does not answer any more') }),
      /does not answer any more/,
    ],
  ])('%s leaves the outcome unknown', async (_, helper, message) => {
    const { host, link } = hostOn((stream, request, end) => {
      if (request.endsWith(' hello')) stream.end(hello())
      else helper(stream, request, end)
    }, 200)
    await expect(listen(host.apply(APPLY))).rejects.toMatchObject({
      code: 'outcome-unknown',
      message: expect.stringMatching(message),
      context: { host: 'mail1', id: 'change-0001' },
    })
    expect(link.counts.open).toBe(0)
  })

  test('a request that the host never got is no unknown outcome', async () => {
    const refusal = new OpsError('unreachable', 'mail1 cannot be reached', { retryable: true })
    await expect(
      listen(
        helperMailHost(
          fakeLink(() => {}, refusal),
          systemClock,
        ).apply(APPLY),
      ),
    ).rejects.toBe(refusal)
  })

  test('whoever stops listening closes the channel', async () => {
    const { host, link } = hostOn((stream, request) =>
      stream.write(request.endsWith(' hello') ? hello() : STEPS),
    )
    for await (const record of host.apply(APPLY)) {
      expect(record).toMatchObject({ kind: 'step', name: 'lock' })
      break
    }
    expect(link.counts.open).toBe(0)
  })
})

describe('status and void', () => {
  test.each<['status' | 'void', string, object]>([
    [
      'status',
      'step\tlock\tok\t1\t-\nend\tok\tapplied',
      { end: { kind: 'applied' }, records: [{ name: 'lock' }] },
    ],
    ['status', 'end\trefused\tunknown', { end: { kind: 'unknown' }, records: [] }],
    ['status', 'end\trefused\tvoided', { end: { kind: 'voided' } }],
    ['status', 'step\tlock\tok\t1\t-\nend\tok\trunning', { end: { kind: 'running' } }],
    [
      'status',
      'step\tlock\tok\t1\t-\nstep\tcheck\tfailed\t1\t-\nend\trefused\tbusy',
      { end: { kind: 'refused', code: 'busy' } },
    ],
    ['status', 'end\trefused\texpired', { end: { kind: 'refused', code: 'expired' } }],
    ['void', 'end\tok\tvoided', { end: { kind: 'voided' } }],
    ['void', 'step\tlock\tok\t1\t-\nend\tfailed\trestored', { end: { kind: 'restored' } }],
  ])('%s: %j', async (verb, text, expected) => {
    const { host, link } = hostOn(says(`${text}\n`))
    expect(await host[verb]('change-0001')).toMatchObject(expected)
    expect(link.requests).toEqual([`maillimit/1 ${verb} id=change-0001`])
  })

  test.each([
    'end\trefused\tbusy',
    'end\trefused\tusage',
    'end\tfailed\tconfiguration',
    'end\tfailed\tstate',
  ])('a host that declined to look (%j) says nothing of the change', async (text) => {
    await expect(hostOn(says(`${text}\n`)).host.status('change-0001')).rejects.toMatchObject({
      code: expect.stringMatching(/^host-(refused|failed)$/),
    })
  })
})

test('whatever a host answers, the outcome is a value or a fault that names the host, never a crash', async () => {
  const answers = [
    hello(),
    'session\ttaro\timap\t1\t192.0.2.1\t-\nend\tok\twho\n',
    `plan\traise\timap\t10\t20\t/etc/x\t9\t${DIGEST}\ndiff\t/etc/x\t9\t+\ta = b\nimpact\tsessions\t3\nend\tok\tplan\n`,
    'step\tlock\tok\t1\t-\nwarn\twarning\tx\t-\t-\ty\nend\tfailed\trestored\n',
  ]
  const damage = fc.record({
    at: fc.nat({ max: 400 }),
    cut: fc.nat({ max: 6 }),
    put: fc.string({ maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...answers),
      fc.array(damage, { maxLength: 3 }),
      async (answer, damages) => {
        let text = answer
        for (const { at, cut, put } of damages) text = text.slice(0, at) + put + text.slice(at + cut)
        const { host } = hostOn(says(text))
        const asked = [
          host.hello(),
          host.who(),
          host.plan({ kind: 'raise', service: 'imap', value: 20, client: undefined }),
          host.status('change-0001'),
          host.void('change-0001'),
        ]
        for (const outcome of await Promise.allSettled<unknown>(asked)) {
          if (outcome.status === 'fulfilled') continue
          expect(outcome.reason).toBeInstanceOf(OpsError)
          expect((outcome.reason as OpsError).message).toContain('mail1')
        }
      },
    ),
    { numRuns: 150 },
  )
})
