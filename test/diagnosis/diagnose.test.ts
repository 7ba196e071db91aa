import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/diagnosis/diagnose.ts'
import type { DiagnosisInput, SessionSample } from '../../src/diagnosis/diagnosis-input.ts'
import type { Session } from '../../src/dovecot/session.ts'

const NOW = Date.UTC(2026, 10, 24, 10)
const USER = 'taro@example.com'
const IP = '203.0.113.9'
const MINUTE = 60_000

function sessions(count: number, facts: Partial<Session> = {}, firstPid = 1000): Session[] {
  return Array.from({ length: count }, (_, index) => ({
    user: USER,
    service: 'imap',
    pid: firstPid + index,
    ip: IP,
    destIp: undefined,
    ...facts,
  }))
}

function sample(...lists: Session[][]): SessionSample {
  return { atMs: NOW, sessions: lists.flat() }
}

function input(facts: Partial<DiagnosisInput> = {}): DiagnosisInput {
  return {
    nowMs: NOW,
    user: USER,
    userCut: false,
    service: 'imap',
    ip: IP,
    serverIp: '198.51.100.4',
    hits: [
      { atMs: NOW - 1500, limit: 10 },
      { atMs: NOW - 1000, limit: 10 },
    ],
    otherUsersRefused: 0,
    samples: [sample(sessions(10))],
    limit: 10,
    cap: 100,
    lastChange: undefined,
    refusedBeforeChange: false,
    ...facts,
  }
}

describe('a hit that the host confirms', () => {
  test('is one user with many devices: raise to what is open, what was refused, and head room', () => {
    expect(diagnose(input())).toEqual({
      kind: 'many-devices',
      summary: "One user's devices at this address need more connections than the limit of 10 allows.",
      evidence: [
        '10 imap sessions of this user from 203.0.113.9, against a limit of 10.',
        '2 refused logins in the last five minutes, the newest 1 s ago.',
      ],
      recommend: 'raise',
      suggestedValue: 20,
      why: '10 open, 2 refused at the same moment, and head room: 20.',
      advice: [],
    })
  })

  test('is still confirmed when two of ten connections were closed before the host was asked', () => {
    expect(diagnose(input({ samples: [sample(sessions(8))] })).kind).toBe('many-devices')
  })

  test('is confirmed although the clock of the host is ahead of ours', () => {
    const hits = [{ atMs: NOW + 90_000, limit: 10 }]
    expect(diagnose(input({ hits })).evidence[1]).toBe(
      '1 refused login in the last five minutes, the newest 0 s ago.',
    )
    expect(diagnose(input({ hits })).kind).toBe('many-devices')
  })

  test('names what does not count: other addresses of the user, one or two other users', () => {
    const samples = [
      sample(sessions(10), sessions(3, { ip: '192.0.2.1' }), sessions(1, { user: 'hanako@example.com' })),
    ]
    expect(diagnose(input({ samples })).evidence).toEqual([
      '10 imap sessions of this user from 203.0.113.9, against a limit of 10.',
      '2 refused logins in the last five minutes, the newest 1 s ago.',
      '3 sessions of this user from other addresses, not counted here.',
      '1 other user at the same client.',
    ])
  })

  test('counts only this user, exactly, on this service, from this address', () => {
    const others = [
      sessions(10, { user: 'TARO@example.com' }),
      sessions(10, { service: 'pop3' }),
      sessions(10, { ip: '203.0.113.10' }),
    ]
    expect(diagnose(input({ samples: [sample(...others)] })).kind).toBe('unconfirmed')
  })

  test('knows an address in each of its spellings, and a name that the log cut', () => {
    const user = `${'a'.repeat(77)}...`
    const samples = [sample(sessions(10, { user: 'a'.repeat(90), ip: '2001:db8::7' }))]
    const diagnosis = diagnose(input({ user, userCut: true, ip: '2001:DB8:0:0::7', samples }))
    expect(diagnosis.kind).toBe('many-devices')
    expect(diagnosis.evidence).toContain(
      'The log cut the name: users whose names begin alike are counted together here.',
    )
    expect(diagnose(input({ ip: '::ffff:203.0.113.9' })).kind).toBe('many-devices')
  })

  test('knows the sieve sessions of versions that call them managesieve', () => {
    const samples = [sample(sessions(10, { service: 'managesieve' }))]
    expect(diagnose(input({ service: 'sieve', samples })).kind).toBe('many-devices')
  })

  test('takes the default limit when the line of an old version names none', () => {
    const hits = [{ atMs: NOW - 1000, limit: undefined }]
    expect(diagnose(input({ hits, limit: undefined })).suggestedValue).toBe(20)
    expect(diagnose(input({ hits, limit: 30, samples: [sample(sessions(10))] })).kind).toBe('unconfirmed')
  })

  test('proposes no raise at the cap, and says so', () => {
    const diagnosis = diagnose(input({ cap: 10 }))
    expect(diagnosis).toMatchObject({ recommend: 'mend-client', suggestedValue: undefined })
    expect(diagnosis.why).toBe('The limit in force is 10, and the highest that may be proposed is 10.')
  })
})

describe('several users at one address', () => {
  const office = ['a', 'b', 'c', 'd'].map((user) => sessions(2, { user }))

  test('are a shared address: raise, or give that network a limit of its own', () => {
    const diagnosis = diagnose(input({ samples: [sample(sessions(10), ...office)] }))
    expect(diagnosis).toMatchObject({ kind: 'shared-address', recommend: 'raise', suggestedValue: 20 })
    expect(diagnosis.evidence[0]).toBe('4 other users are connected from there (8 sessions).')
    expect(diagnosis.advice[0]?.purpose).toContain('"doveconf -f protocol=imap -f remote=203.0.113.9 -h')
    expect(diagnosis.advice.map(({ kind, text }) => ({ kind, text }))).toEqual([
      { kind: 'config', text: 'remote 203.0.113.9 {\n  mail_max_userip_connections = 20\n}' },
    ])
  })

  test('are found across an IPv6 network, which the block names', () => {
    const ip = '2001:db8:0:7::1'
    const samples = [
      sample(
        sessions(10, { ip }),
        sessions(2, { ip: '2001:db8:0:7::2' }),
        ...office.map((list) => list.map((session) => ({ ...session, ip: '2001:db8:0:7::3' }))),
      ),
    ]
    const diagnosis = diagnose(input({ ip, samples }))
    expect(diagnosis.kind).toBe('shared-address')
    expect(diagnosis.advice[0]?.text).toBe(
      'remote 2001:db8:0:7::/64 {\n  mail_max_userip_connections = 20\n}',
    )
    expect(diagnosis.evidence).toContain(
      'This client uses 2 addresses of its network; each is counted by itself.',
    )
  })

  test('are there too when they were refused', () => {
    const diagnosis = diagnose(input({ otherUsersRefused: 5 }))
    expect(diagnosis.kind).toBe('shared-address')
    expect(diagnosis.evidence[0]).toBe('5 other users were refused there, too.')
  })

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['198.51.100.4', '198.51.100.4'],
    ['::1', '::1'],
  ])('speak through a webmail on the mail host itself (%s)', (ip, serverIp) => {
    const diagnosis = diagnose(input({ ip, serverIp, samples: [sample(sessions(10, { ip }))] }))
    expect(diagnosis.kind).toBe('shared-address')
  })
})

describe('a client that leaks connections', () => {
  test('opens them without end: mend it, no raise helps', () => {
    const samples = [2, 4, 6, 8, 10].map((count, index) => ({
      atMs: NOW - (4 - index) * 3 * MINUTE,
      sessions: sessions(count),
    }))
    const diagnosis = diagnose(input({ samples }))
    expect(diagnosis).toMatchObject({
      kind: 'leaking-client',
      recommend: 'mend-client',
      suggestedValue: undefined,
    })
    expect(diagnosis.evidence[0]).toBe('In 12 minutes 8 connections were opened and 0 closed: from 2 to 10.')
    expect(diagnosis.advice[0]?.text).toBe("doveadm kick 'taro@example.com' '203.0.113.9'")
  })

  test('is none when connections come and go', () => {
    const samples = [2, 4, 6, 8, 10].map((count, index) => ({
      atMs: NOW - (4 - index) * 3 * MINUTE,
      sessions: sessions(count, {}, 1000 * (index + 1)),
    }))
    expect(diagnose(input({ samples })).kind).toBe('many-devices')
  })

  test('is none when all were opened at once', () => {
    const samples = [0, 0, 10, 10, 10].map((count, index) => ({
      atMs: NOW - (4 - index) * 3 * MINUTE,
      sessions: sessions(count),
    }))
    expect(diagnose(input({ samples })).kind).toBe('many-devices')
  })

  test('fills a doubled limit again within the hour', () => {
    const diagnosis = diagnose(
      input({
        hits: [{ atMs: NOW - 1000, limit: 20 }],
        limit: 20,
        refusedBeforeChange: true,
        lastChange: { oldValue: 10, newValue: 20, atMs: NOW - 12 * MINUTE },
        samples: [sample(sessions(20))],
      }),
    )
    expect(diagnosis).toMatchObject({ kind: 'leaking-client', recommend: 'mend-client', suggestedValue: 30 })
    expect(diagnosis.evidence[0]).toBe(
      'The limit was raised from 10 to 20 12 minutes ago, and 20 connections are open again.',
    )
  })

  test('fills it for the first time: somebody else needed the raise before', () => {
    const hits = [{ atMs: NOW - 1000, limit: 20 }]
    const lastChange = { oldValue: 10, newValue: 20, atMs: NOW - 12 * MINUTE }
    const samples = [sample(sessions(20))]
    expect(diagnose(input({ hits, limit: 20, lastChange, samples })).kind).toBe('many-devices')
  })

  test('has more connections than people have devices', () => {
    const hits = [{ atMs: NOW - 1000, limit: 60 }]
    expect(diagnose(input({ hits, limit: 60, samples: [sample(sessions(60))] })).kind).toBe('leaking-client')
  })

  test('gets no kick command when the name could be a mask, an option or anything odd', () => {
    const samples = (user: string) =>
      [2, 4, 6, 8, 10].map((count, index) => ({
        atMs: NOW - (4 - index) * 3 * MINUTE,
        sessions: sessions(count, { user }),
      }))
    for (const user of ['*', 'a?', '-a', "a'b", 'a b', 'a\nb', '', 'a\\', '$(id)', '`id`', 'tаro', 'a;b']) {
      const diagnosis = diagnose(input({ user, samples: samples(user) }))
      expect(diagnosis).toMatchObject({ kind: 'leaking-client', advice: [] })
    }
  })
})

describe('a hit that is over', () => {
  test('was a burst when all of it came in one moment and half is still open', () => {
    const diagnosis = diagnose(input({ samples: [sample(sessions(6))] }))
    expect(diagnosis).toMatchObject({ kind: 'burst', recommend: 'wait', suggestedValue: undefined })
    expect(diagnosis.why).toContain('There is room for 4 more now')
  })

  test('had stale sessions in its way when an earlier sample was full and now there is room', () => {
    const samples = [
      { atMs: NOW - 2 * MINUTE, sessions: sessions(10) },
      { atMs: NOW, sessions: sessions(1) },
    ]
    const hits = [{ atMs: NOW - 2 * MINUTE, limit: 10 }]
    const diagnosis = diagnose(input({ samples, hits }))
    expect(diagnosis).toMatchObject({ kind: 'stale-sessions', recommend: 'wait', suggestedValue: undefined })
    expect(diagnosis.evidence[0]).toBe('10 were open then, 1 are now.')
  })

  test('is not confirmed by a sample from long before it', () => {
    const samples = [
      { atMs: NOW - 20 * MINUTE, sessions: sessions(10) },
      { atMs: NOW, sessions: [] },
    ]
    expect(diagnose(input({ samples })).kind).toBe('unconfirmed')
  })
})

describe('a hit that nothing confirms', () => {
  test.each([
    ['the host shows no session', { samples: [sample([])] }, 'The host shows 0 matching sessions'],
    ['the host shows too few', { samples: [sample(sessions(4))] }, 'The host shows 4 matching sessions'],
    ['the host did not answer', { samples: [] }, 'has not said'],
    [
      'the host was asked before it',
      { samples: [{ atMs: NOW - 10 * MINUTE, sessions: sessions(10) }] },
      'not asked since',
    ],
    ['the line names no address', { ip: undefined }, 'The host shows 0 matching sessions'],
    ['there is none', { hits: [] }, 'There is no hit'],
  ])('offers no raise when %s', (_, facts, summary) => {
    const diagnosis = diagnose(input(facts))
    expect(diagnosis).toMatchObject({
      kind: 'unconfirmed',
      recommend: 'look-again',
      suggestedValue: undefined,
      advice: [],
    })
    expect(diagnosis.summary).toContain(summary)
  })
})

describe('a line that names a lower limit than the one in force', () => {
  const samples = [sample(sessions(10))]

  test('comes from a connection older than the reload: wait', () => {
    const lastChange = { oldValue: 10, newValue: 20, atMs: NOW - MINUTE }
    expect(diagnose(input({ limit: 20, lastChange, samples }))).toMatchObject({
      kind: 'limit-already-raised',
      recommend: 'wait',
      suggestedValue: undefined,
    })
  })

  test('long after the change it points to an override: look again', () => {
    const lastChange = { oldValue: 10, newValue: 20, atMs: NOW - 60 * MINUTE }
    const diagnosis = diagnose(input({ limit: 20, lastChange, samples }))
    expect(diagnosis).toMatchObject({ kind: 'limit-already-raised', recommend: 'look-again' })
    expect(diagnosis.evidence[0]).toContain('remote or local block')
  })

  test('or no limit is left at all', () => {
    expect(diagnose(input({ limit: 0, samples })).summary).toBe(
      'The line names a limit of 10, and no limit is in force now.',
    )
  })
})

test('whatever the numbers: a raise is above the limit, within the cap, and only for what the host confirms', () => {
  const count = fc.integer({ min: 0, max: 150 })
  const facts = fc.record({
    open: count,
    others: fc.nat(6),
    limit: fc.option(fc.integer({ min: 0, max: 150 }), { nil: undefined }),
    cap: fc.integer({ min: 1, max: 200 }),
    hits: fc.array(
      fc.record({
        atMs: fc.integer({ min: NOW - 10 * MINUTE, max: NOW }),
        limit: fc.option(fc.integer({ min: 1, max: 150 }), { nil: undefined }),
      }),
      { maxLength: 30 },
    ),
  })
  fc.assert(
    fc.property(facts, ({ open, others, limit, cap, hits }) => {
      const shown = Array.from({ length: others }, (_, index) => sessions(1, { user: `u${index}` }))
      const diagnosis = diagnose(input({ samples: [sample(sessions(open), ...shown)], limit, cap, hits }))
      const newest = hits.toSorted((a, b) => a.atMs - b.atMs).at(-1)
      const { suggestedValue, recommend } = diagnosis
      expect(diagnosis.evidence.concat(diagnosis.summary, diagnosis.why).join()).not.toMatch(
        /undefined|NaN|Infinity/,
      )
      if (recommend === 'raise') expect(suggestedValue).toBeDefined()
      if (limit === 0) expect(suggestedValue).toBeUndefined()
      if (suggestedValue === undefined) return
      expect(suggestedValue).toBeGreaterThan(limit || newest?.limit || 10)
      expect(suggestedValue).toBeLessThanOrEqual(cap)
      expect(open).toBeGreaterThanOrEqual(Math.max(1, Math.floor((newest?.limit ?? (limit || 10)) * 0.8) - 1))
      expect(['raise', 'mend-client']).toContain(recommend)
    }),
    { numRuns: 2000 },
  )
})
