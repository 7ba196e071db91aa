import { describe, expect, it } from 'vitest'
import { OpsError } from '../../src/lib/errors.ts'
import { settled } from '../lib/fake-clock.ts'
import { ABot, MINUTE } from './a-bot.ts'

const full = () => new OpsError('store-full', 'the disk is full', { retryable: true })

/** How the life of the bot ended, if it has. */
async function endOf(a: ABot): Promise<unknown> {
  const end = a.bot.failed.catch((error: unknown) => error)
  await settled()
  return Promise.race([end, Promise.resolve('alive')])
}

describe('a store that fails', () => {
  it('while a change is being carried out ends the bot, and the next start settles the change', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const { id } = await a.proposal()
    const advance = a.store.advance.bind(a.store)
    let writes = 0
    a.store.advance = async (...given) => {
      if (++writes > 3) throw full()
      return advance(...given)
    }
    await expect(a.click({ kind: 'approve', remediationId: id })).rejects.toThrow('disk is full')
    expect(await endOf(a)).toMatchObject({ code: 'store-full' })
    a.store.advance = advance
    await a.restart()
    expect((await a.store.remediation(id))?.state).toBe('verifying')
  })

  it('while hits are being stored ends the bot at once, though no further line comes', async () => {
    await using a = await new ABot().start()
    a.store.recordHits = async () => {
      throw full()
    }
    await a.hit()
    expect(await endOf(a)).toMatchObject({ code: 'store-full' })
  })

  it('while something comes due ends the bot', async () => {
    await using a = await new ABot().start()
    const due = a.store.due.bind(a.store)
    a.store.due = async () => {
      throw full()
    }
    await a.clock.advance(61 * MINUTE)
    a.store.due = due
    expect(await endOf(a)).toMatchObject({ code: 'store-full' })
  })

  it('when the next instant is asked for ends the bot as well', async () => {
    await using a = await new ABot().start()
    const nextDue = a.store.nextDue.bind(a.store)
    a.store.nextDue = async () => {
      throw full()
    }
    await a.clock.advance(61 * MINUTE)
    a.store.nextDue = nextDue
    expect(await endOf(a)).toMatchObject({ code: 'store-full' })
  })
})

it('a store that takes its time holds the log back, and gets every hit of it', async () => {
  await using a = await new ABot().start()
  const slow = Promise.withResolvers<void>()
  const recordHits = a.store.recordHits.bind(a.store)
  a.store.recordHits = async (...given) => {
    await slow.promise
    return recordHits(...given)
  }
  const time = new Date(a.clock.now()).toISOString()
  const refused = 'imap-login: Disconnected: Maximum number of connections from user+IP exceeded'
  const lines = Array.from(
    { length: 15_000 },
    (_, index) =>
      `${time} mx1 dovecot: ${refused} (mail_max_userip_connections=10): user=<taro>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, session=<s${index}>`,
  )
  a.log.append(...lines)
  for (let turn = 0; turn < 200; turn++) await settled()
  expect(a.log.taken).toBeGreaterThan(0)
  // A batch that is being stored, and the next one.
  expect(a.log.taken).toBeLessThanOrEqual(4_001)
  slow.resolve()
  for (let turn = 0; turn < 200 && a.log.taken < lines.length; turn++) await settled()
  await a.clock.advance(0)
  expect((await a.incident()).hits).toBe(lines.length)
})

describe('a log that cannot be read on a host that can be reached', () => {
  it('is told of after two minutes, and taken back when it is read again', async () => {
    const a = new ABot()
    await using _bot = a
    a.log.fault = new OpsError('log-denied', '/var/log/maillog cannot be read', { hint: 'Mend its mode.' })
    await a.start()
    await a.clock.advance(MINUTE)
    expect(await a.store.openNotices()).toEqual([])
    await a.clock.advance(3 * MINUTE)
    expect(await a.store.openNotices()).toMatchObject([
      { host: 'mx1', code: 'not-read', text: expect.stringContaining('maillog'), hint: 'Mend its mode.' },
    ])
    a.log.fault = undefined
    await a.clock.advance(2 * MINUTE)
    expect(await a.store.openNotices()).toEqual([])
  })

  it('because there is none is told of, shown, and taken back when its first line comes', async () => {
    const a = new ABot()
    await using _bot = a
    a.host.logKind = 'none'
    await a.start()
    expect(await a.store.openNotices()).toMatchObject([
      { code: 'not-read', hint: expect.stringContaining('log =') },
    ])
    expect(await a.bot.subjects.hosts()).toMatchObject([{ state: 'fault' }])
    expect(await a.bot.health()).toHaveLength(1)
    a.host.logKind = 'file'
    await a.hit()
    expect(await a.store.openNotices()).toEqual([])
    expect(await a.bot.health()).toEqual([])
  })

  it.each([
    ['absent', 'There is no log yet', 'log ='],
    ['endless-line', 'ends in a line of more than 64 KiB', 'tail -c'],
  ] as const)(
    'for now (%s) is shown at once, told of after two minutes, and taken back',
    async (trouble, words, hint) => {
      await using a = await new ABot().start()
      a.log.say(trouble)
      await a.clock.advance(0)
      expect(await a.bot.subjects.hosts()).toMatchObject([
        { state: 'fault', detail: expect.stringContaining(words), hint: expect.stringContaining(hint) },
      ])
      expect(await a.store.openNotices()).toEqual([])
      await a.clock.advance(2 * MINUTE)
      a.log.say(trouble)
      await a.clock.advance(0)
      expect(await a.store.openNotices()).toMatchObject([
        { code: 'not-read', text: expect.stringContaining(words), hint: expect.stringContaining(hint) },
      ])
      expect(await a.metrics.registry.metrics()).toContain('maillimit_host_following{host="mx1"} 0')
      a.log.say(undefined)
      await a.clock.advance(0)
      expect(await a.bot.subjects.hosts()).toMatchObject([{ state: 'following' }])
      expect(await a.store.openNotices()).toEqual([])
    },
  )

  it('is tried again at once when somebody asks how the hosts are, however long the next try was away', async () => {
    const a = new ABot()
    await using _bot = a
    a.log.fault = new OpsError('log-denied', '/var/log/maillog cannot be read')
    await a.start()
    await a.clock.advance(20 * MINUTE)
    a.log.fault = undefined
    // A probe of the bot's health is no person.
    expect(await a.bot.health()).toEqual([expect.stringContaining('fault')])
    await settled()
    expect(await a.bot.subjects.hosts()).toMatchObject([{ state: 'fault' }])
    await settled()
    expect(await a.bot.subjects.hosts()).toMatchObject([{ state: 'following' }])
  })

  it('because the follow is dead each time it begins is told of once, and taken back when it moves on', async () => {
    await using a = await new ABot().start()
    await a.hit()
    a.log.isDead = true
    await a.restart()
    await a.clock.advance(10 * MINUTE)
    const [notice, ...more] = await a.store.openNotices()
    expect(more).toEqual([])
    expect(notice).toMatchObject({
      code: 'not-read',
      text: expect.stringContaining('nothing of it was looked at'),
      hint: 'Look.',
    })
    a.log.isDead = false
    await a.hit('hanako@example.com')
    await a.clock.advance(2 * MINUTE)
    expect(await a.store.openNotices()).toEqual([])
    expect(await a.store.notice(notice?.id ?? '')).toMatchObject({ state: 'over', sinceMs: notice?.sinceMs })
  })

  it('is not told of while the host cannot be reached at all: that is told already', async () => {
    const a = new ABot()
    await using _bot = a
    a.connect({
      kind: 'away',
      sinceMs: 0,
      fault: { message: 'no route to mx1', hint: undefined, retryable: true },
    })
    await a.start()
    await a.clock.advance(10 * MINUTE)
    expect((await a.store.openNotices()).map(({ code }) => code)).toEqual(['unreachable'])
  })
})

it('a bug that one host’s log brings to light ends neither the bot nor the reading of that log for good', async () => {
  await using a = await new ABot().start()
  const record = a.store.recordHits.bind(a.store)
  a.store.recordHits = async () => {
    throw new TypeError('our bug')
  }
  await a.hit()
  expect(await endOf(a)).toBe('alive')
  expect(await a.bot.subjects.hosts()).toMatchObject([
    { state: 'fault', detail: expect.stringContaining('bug') },
  ])
  await a.clock.advance(5 * MINUTE)
  expect(await a.store.openNotices()).toMatchObject([{ code: 'not-read' }])
  a.store.recordHits = record
  await a.clock.advance(MINUTE)
  expect((await a.incident()).hits).toBe(1)
  expect(await a.store.openNotices()).toEqual([])
})

describe('a rate limit that dropped messages of Dovecot', () => {
  it.each([
    ['journald', 25, 'journald on mx1 dropped 25 messages by its rate limit', 'RateLimitBurst='],
    ['rsyslog', undefined, 'rsyslog on mx1 dropped messages by its rate limit', 'imuxsock or imjournal'],
  ] as const)('(of %s) is told of within ten minutes, once', async (by, count, words, hint) => {
    await using a = await new ABot().start()
    a.host.suppressed = { by, count, atMs: a.clock.now() }
    await a.clock.advance(10 * MINUTE)
    const [notice] = await a.store.openNotices()
    expect(notice).toMatchObject({
      code: 'suppressed',
      text: expect.stringContaining(words),
      hint: expect.stringContaining(hint),
    })
    await a.clock.advance(10 * MINUTE)
    expect((await a.store.openNotices()).map((one) => one.endsAtMs)).toEqual([notice?.endsAtMs])
    await a.clock.advance(30 * MINUTE)
    expect(await a.store.openNotices()).toEqual([])
  })
})

it('what is to be alerted upon counts from 0, since Prometheus sees no increase in a series that begins with 1', async () => {
  await using a = await new ABot().start()
  const text = await a.metrics.registry.metrics()
  expect(text).toContain('maillimit_remediations_total{host="mx1",state="needs_operator"} 0')
  expect(text).toContain('maillimit_log_gaps_total{host="mx1",code="truncated"} 0')
})

it('a host that was never reached counts as not followed', async () => {
  const a = new ABot()
  await using _bot = a
  a.connect({
    kind: 'away',
    sinceMs: 0,
    fault: { message: 'no route to mx1', hint: undefined, retryable: true },
  })
  await a.start()
  expect(await a.metrics.registry.metrics()).toContain('maillimit_host_following{host="mx1"} 0')
})

it('a hit that comes between the reading of what is due and its end keeps the incident and its plan', async () => {
  await using a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const { id } = await a.incident()
  await a.click({ kind: 'plan-other-value', incidentId: id, value: 40 })
  await a.clock.advance(29 * MINUTE)
  await a.click({ kind: 'plan-other-value', incidentId: id, value: 50 })
  const due = a.store.due.bind(a.store)
  a.store.due = async (...given) => {
    const found = await due(...given)
    const [incident] = found.incidents
    if (incident === undefined) return found
    a.store.due = due
    const touched = { ...incident, lastHitAtMs: a.clock.now(), revision: incident.revision + 1 }
    await a.store.advanceIncident(incident.revision, touched, { intents: [], audit: [] })
    return found
  }
  await a.clock.advance(MINUTE)
  expect((await a.incident()).state).toBe('open')
  expect((await a.proposal()).plan.newValue).toBe(50)
})

it('a hit that finds its incident gone quiet takes the plan of the former one back', async () => {
  await using a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const former = await a.incident()
  await a.clock.advance(20 * MINUTE)
  await a.click({ kind: 'plan-other-value', incidentId: former.id, value: 40 })
  const plan = await a.proposal()
  a.store.due = async () => ({ incidents: [], proposals: [], verifications: [], notices: [] })
  await a.clock.advance(11 * MINUTE)
  await a.hit()
  expect((await a.incident()).id).not.toBe(former.id)
  expect((await a.store.remediation(plan.id))?.state).toBe('superseded')
})
