import { describe, expect, it } from 'vitest'
import { writtenInstant } from '../../src/incidents/written-instant.ts'
import { OpsError } from '../../src/lib/errors.ts'
import { ABot, MINUTE } from './a-bot.ts'

describe('time', () => {
  it('resolves an incident after half an hour without a hit, and takes its plan back', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const { id } = await a.incident()
    await a.clock.advance(20 * MINUTE)
    await a.hit()
    await a.clock.advance(29 * MINUTE)
    expect((await a.store.incident(id))?.state).toBe('open')
    await a.clock.advance(MINUTE)
    expect((await a.store.incident(id))?.state).toBe('resolved')
    expect(await a.proposals()).toEqual([])
  })

  it('ends a snooze, and the host is looked at again', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const { id } = await a.incident()
    await a.click({ kind: 'snooze', incidentId: id, forMs: 20 * MINUTE })
    const before = a.host.calls.length
    await a.hit()
    expect((await a.incident()).state).toBe('snoozed')
    await a.clock.advance(20 * MINUTE)
    expect((await a.incident()).state).toBe('open')
    expect(a.host.calls.length).toBeGreaterThan(before)
  })

  it('ends the watch of a change with what it saw', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const proposal = await a.proposal()
    await a.clock.advance(1_000)
    await a.click({ kind: 'approve', remediationId: proposal.id })
    await a.clock.advance(MINUTE)
    await a.hit('taro@example.com', 10)
    await a.hit('taro@example.com', proposal.plan.newValue)
    await a.clock.advance(9 * MINUTE + 1_000)
    const ended = await a.store.remediation(proposal.id)
    expect(ended).toMatchObject({
      state: 'succeeded',
      verification: { hitsAtNewValue: 1, hitsAtOldValue: 1 },
    })
  })

  it('ends the watch with a call for help when somebody set another value meanwhile', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const proposal = await a.proposal()
    await a.click({ kind: 'approve', remediationId: proposal.id })
    a.host.limit = 10
    await a.clock.advance(10 * MINUTE + 1_000)
    const ended = await a.store.remediation(proposal.id)
    expect(ended?.state).toBe('needs_operator')
    expect(ended?.explanation).toContain('is 10 now')
  })

  it('asks again when the host does not answer at the end of a watch', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const proposal = await a.proposal()
    await a.click({ kind: 'approve', remediationId: proposal.id })
    a.host.fault = new OpsError('unreachable', 'no route', { retryable: true })
    await a.clock.advance(11 * MINUTE)
    expect((await a.store.remediation(proposal.id))?.state).toBe('verifying')
    a.host.fault = undefined
    await a.clock.advance(MINUTE)
    expect((await a.store.remediation(proposal.id))?.state).toBe('succeeded')
  })
})

describe('a host that cannot be reached', () => {
  const away = {
    kind: 'away',
    sinceMs: 0,
    fault: { message: 'no route to mx1', hint: 'Look at the network.', retryable: true },
  } as const

  it('is told of after two minutes, not before, and taken back when it is there again', async () => {
    await using a = await new ABot().start()
    await a.clock.advance(9 * MINUTE)
    a.connect(away)
    // The question that a host which is up is asked every ten minutes falls into this time.
    await a.clock.advance(2 * MINUTE - 1)
    expect(await a.store.openNotices()).toEqual([])
    await a.clock.advance(1)
    expect(await a.store.openNotices()).toMatchObject([
      { host: 'mx1', code: 'unreachable', hint: 'Look at the network.' },
    ])
    a.connect({ kind: 'up', sinceMs: a.clock.now() })
    await a.clock.advance(0)
    expect(await a.store.openNotices()).toEqual([])
  })

  it('is told of at once when only a person can mend it', async () => {
    await using a = await new ABot().start()
    const fault = { ...away.fault, message: 'mx1 shows another host key', retryable: false }
    a.connect({ ...away, fault })
    await a.clock.advance(0)
    const notices = await a.store.openNotices()
    expect(notices).toMatchObject([
      {
        text: 'The log of mx1 cannot be read: mx1 shows another host key. Refused logins there are not seen until it can; nothing in it is lost.',
      },
    ])
    // The next try: it begins, and ends as the one before.
    a.connect({ ...away, fault })
    a.connect({ ...away, fault })
    await a.clock.advance(3 * MINUTE)
    expect(await a.store.openNotices()).toEqual(notices)
  })

  it('is told of when it turns out that only a person can mend it, and again when that happens another time', async () => {
    await using a = await new ABot().start()
    const fault = { message: 'mx1 shows another host key.', hint: undefined, retryable: false }
    for (const round of [1, 2]) {
      a.connect(away)
      await a.clock.advance(MINUTE)
      expect(await a.store.openNotices(), `round ${round}`).toEqual([])
      a.connect({ ...away, fault })
      await a.clock.advance(0)
      expect(await a.store.openNotices(), `round ${round}`).toMatchObject([
        { text: expect.stringContaining('another host key. Refused') },
      ])
      a.connect({ kind: 'up', sinceMs: a.clock.now() })
      await a.clock.advance(0)
    }
  })

  it('shows in the list of hosts and in the health of the bot', async () => {
    await using a = await new ABot().start()
    expect(await a.bot.health()).toEqual([])
    a.connect(away)
    expect(await a.bot.subjects.hosts()).toMatchObject([
      { name: 'mx1', state: 'unreachable', detail: 'no route to mx1', sinceMs: 0 },
    ])
    expect(await a.bot.health()).toMatchObject([expect.stringContaining('mx1: unreachable')])
  })

  it('is tried at once when a person asks how it is, or how a user is, and not for a probe of the health', async () => {
    await using a = await new ABot().start()
    a.connect(away)
    await a.bot.health()
    expect(a.triedSoon).toBe(0)
    await a.bot.subjects.hosts()
    expect(a.triedSoon).toBe(1)
    await a.bot.subjects.userStatus('taro@example.com')
    expect(a.triedSoon).toBe(2)
  })

  it('does not lose what is written meanwhile', async () => {
    await using a = await new ABot().start()
    await a.hit()
    expect((await a.incident()).hits).toBe(1)
  })
})

it('forgets names after RETENTION without a restart', async () => {
  await using a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const { id } = await a.incident()
  await a.clock.advance(60 * MINUTE)
  expect((await a.store.incident(id))?.user).toBe('taro@example.com')
  const forget = a.store.forget.bind(a.store)
  const asked: number[] = []
  a.store.forget = async (beforeMs) => {
    asked.push(a.clock.now() - beforeMs)
    return forget(beforeMs)
  }
  await a.clock.advance(120 * MINUTE)
  expect(asked).toEqual([90 * 24 * 60 * MINUTE, 90 * 24 * 60 * MINUTE])
})

describe('a limit that somebody else changed', () => {
  it('is told of within ten minutes, once, and taken back when it is as it was left', async () => {
    await using a = await new ABot().start()
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
    await a.clock.advance(15 * MINUTE)
    expect(await a.store.openNotices()).toEqual([])
    a.host.limit = 10
    await a.clock.advance(10 * MINUTE)
    const [notice] = await a.store.openNotices()
    expect(notice).toMatchObject({ host: 'mx1', code: 'drift-imap' })
    expect(notice?.text).toContain("is 10 now (Dovecot's default), and not 40")
    expect(notice?.hint).toContain('/maillimit raise mx1 imap 40')
    await a.clock.advance(20 * MINUTE)
    expect((await a.store.openNotices()).map((one) => one.revision)).toEqual([notice?.revision])
    a.host.limit = 40
    await a.clock.advance(10 * MINUTE)
    expect(await a.store.openNotices()).toEqual([])
  })

  const SET = '/etc/dovecot/conf.d/20-imap.conf'
  const OTHER = '/etc/dovecot/local.conf'

  it.each<[string, { readonly file: string; readonly laterMs?: number }, string]>([
    [
      'the file and its time, when somebody edited it',
      { file: SET, laterMs: MINUTE },
      `is 10 now (${SET}:108), and not 40, which change ID left. Somebody else changed that file at AT.`,
    ],
    [
      'an older copy, when the file is older than the change',
      { file: SET, laterMs: -MINUTE },
      `is 10 now (${SET}:108), and not 40, which change ID left. That file was last changed at AT, before that change: somebody else put an older copy of it back.`,
    ],
    [
      'both files, when another one overrides',
      { file: OTHER, laterMs: MINUTE },
      `is 10 now (${OTHER}:108), and not 40, which change ID left in ${SET}. Somebody else changed that file at AT.`,
    ],
    [
      'both files, when another one that is older decides now',
      { file: OTHER, laterMs: -MINUTE },
      `is 10 now (${OTHER}:108), and not 40, which change ID left in ${SET}. That file was last changed at AT, before that change, and decides now: somebody else made Dovecot read it, put an older copy of it back, or took the other setting away.`,
    ],
    [
      'the file alone, when its time is not known',
      { file: SET },
      `is 10 now (${SET}:108), and not 40, which change ID left. Somebody else changed it.`,
    ],
  ])('is told with %s', async (_, { file, laterMs }, text) => {
    await using a = await new ABot().start()
    // The host's clock counts, since the time of its file does.
    a.host.clockOffsetMs = 90 * MINUTE
    await a.clock.advance(3 * MINUTE)
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
    const { id } = await a.proposal()
    await a.click({ kind: 'approve', remediationId: id })
    const leftAtMs = a.clock.now() + a.host.clockOffsetMs
    await a.clock.advance(2 * MINUTE)
    const where = { file, line: 108 }
    const fileChangedAtMs = laterMs === undefined ? undefined : leftAtMs + laterMs
    a.host.limit = 10
    a.host.decider = { where, ...(fileChangedAtMs === undefined ? {} : { fileChangedAtMs }) }
    await a.clock.advance(20 * MINUTE)
    const [notice] = await a.store.openNotices()
    const at = fileChangedAtMs === undefined ? '' : writtenInstant(fileChangedAtMs)
    expect(notice?.text).toContain(text.replace('ID', id).replace('AT', at))
    expect(notice?.revision).toBe(1)
  })

  it('is compared with the instant at which the host says it put the file in place', async () => {
    await using a = await new ABot().start()
    a.host.installedAtMs = 90 * MINUTE
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
    await a.clock.advance(MINUTE)
    a.host.limit = 10
    a.host.decider = { where: { file: SET, line: 108 }, fileChangedAtMs: 90 * MINUTE }
    await a.clock.advance(20 * MINUTE)
    const [notice] = await a.store.openNotices()
    expect(notice?.text).toContain('before that change')
    a.host.decider = { ...a.host.decider, fileChangedAtMs: 90 * MINUTE + 1 }
    await a.clock.advance(10 * MINUTE)
    const [newer] = await a.store.openNotices()
    expect(newer?.text).toContain('Somebody else changed that file')
    expect(newer?.id).toBe(notice?.id)
  })

  it('offers no raise where the limit is higher than what was left, or none', async () => {
    await using a = await new ABot().start()
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
    for (const limit of [50, 0]) {
      a.host.limit = limit
      await a.clock.advance(20 * MINUTE)
      const [notice] = await a.store.openNotices()
      expect(notice?.text).toContain(`is ${limit === 0 ? 'none' : limit} now`)
      expect(notice?.hint).toBe('Find out who manages this setting.')
    }
  })

  it('is nobody’s drift while nothing was changed by the bot, or after a rollback by it', async () => {
    await using a = await new ABot().start()
    a.host.limit = 25
    await a.clock.advance(11 * MINUTE)
    expect(await a.store.openNotices()).toEqual([])
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
    const raise = await a.proposal()
    await a.click({ kind: 'approve', remediationId: raise.id })
    await a.clock.advance(MINUTE)
    await a.click({ kind: 'rollback', remediationId: raise.id })
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
    await a.clock.advance(21 * MINUTE)
    expect(await a.store.openNotices()).toEqual([])
  })
})

it('stopping leaves no timer behind', async () => {
  const a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  await a[Symbol.asyncDispose]()
  expect(a.clock.waiting).toBe(0)
})
