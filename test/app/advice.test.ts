import { describe, expect, it } from 'vitest'
import { OpsError } from '../../src/lib/errors.ts'
import { blocksOf } from '../../src/slack/views/blocks.ts'
import { alertPage } from '../../src/slack/views/alert.ts'
import { alertButtons } from '../../src/slack/views/alert-buttons.ts'
import type { Notice } from '../../src/remediation/mail-host.ts'
import { ABot, MINUTE } from './a-bot.ts'

const IMAP = '/etc/dovecot/conf.d/20-imap.conf'

describe('after the first hit', () => {
  it('a plan at the suggested value is proposed, once', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const incident = await a.incident()
    expect(incident.advice?.diagnosis.recommend).toBe('raise')
    const proposal = await a.proposal()
    expect(incident.advice?.remediationId).toBe(proposal.id)
    expect(proposal.plan.newValue).toBe(incident.advice?.diagnosis.suggestedValue)
    await a.hit()
    await a.clock.advance(2 * MINUTE)
    await a.hit()
    expect((await a.proposal()).id).toBe(proposal.id)
  })

  it('nothing is proposed when the host shows no connections that fit', async () => {
    await using a = await new ABot().start()
    await a.hit()
    expect((await a.incident()).advice?.diagnosis.kind).toBe('unconfirmed')
    expect(await a.proposals()).toEqual([])
  })

  it('a standing plan is taken back when nothing known to the bot speaks for the hits any more', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const proposal = await a.proposal()
    a.host.sessions = []
    await a.restart()
    await a.clock.advance(10 * MINUTE)
    await a.hit()
    const kind = (await a.incident()).advice?.diagnosis.kind
    const state = (await a.store.remediation(proposal.id))?.state
    expect([kind, state]).toEqual(['unconfirmed', 'superseded'])
  })

  it('news that comes while the host is being asked is worth another question', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
    await a.clock.advance(11 * MINUTE)
    const who = a.host.who.bind(a.host)
    const gate = Promise.withResolvers<void>()
    a.host.who = async () => {
      const sessions = await who()
      await gate.promise
      return sessions
    }
    await a.hit('taro@example.com', 10)
    a.host.who = who
    a.host.holds('taro@example.com', a.host.limit)
    await a.hit()
    gate.resolve()
    await a.clock.advance(0)
    expect((await a.incident()).advice?.connections).toMatchObject([{ count: a.host.limit }])
  })

  it('a doubled limit that is full again speaks for a leak although the first incident is over', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const first = await a.incident()
    await a.clock.advance(1_000)
    await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
    expect(a.host.limit).toBe(20)
    await a.clock.advance(40 * MINUTE)
    expect((await a.store.incident(first.id))?.state).toBe('resolved')
    a.host.holds('taro@example.com', 20)
    await a.hit()
    const diagnosis = (await a.incident()).advice?.diagnosis
    expect(diagnosis?.evidence[0]).toContain('20 connections are open again')
    expect(diagnosis?.kind).toBe('leaking-client')
    a.host.holds('jiro@example.com', 20, '192.0.2.7')
    await a.hit('jiro@example.com')
    const [another] = await a.store.openIncidents({ user: 'jiro@example.com' })
    expect(another?.advice?.diagnosis.kind).toBe('many-devices')
  })

  it('a host that cannot be asked is asked again, and the alert says so meanwhile', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    a.host.fault = new OpsError('timeout', 'mx1 did not answer within 10 s', { retryable: true })
    await a.hit()
    expect((await a.incident()).advice?.noPlan).toContain('did not answer')
    a.host.fault = undefined
    await a.clock.advance(2_000)
    expect((await a.incident()).advice?.noPlan).toBeUndefined()
    expect((await a.proposal()).plan.newValue).toBeGreaterThan(10)
  })
})

/** The alert of the one incident, as it stands in Slack. */
async function shown(a: ABot): Promise<{ readonly words: string; readonly buttons: readonly string[] }> {
  const subject = await a.bot.subjects.alert((await a.incident()).id)
  if (subject === undefined) throw new Error('there is no alert')
  return {
    words: JSON.stringify(blocksOf(alertPage({ ...subject, nobodyCanApprove: false }), 'rich')),
    buttons: alertButtons({ ...subject, nobodyCanApprove: false }).map(({ action }) => action),
  }
}

async function withHit(prepare: (a: ABot) => void): Promise<ABot> {
  const a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  prepare(a)
  await a.hit()
  return a
}

describe('on the alert', () => {
  it('a file that a tool writes is advice: what to change, where, in that tool, and no button', async () => {
    const text =
      'This file says that a tool writes it; the tool would undo a change made here. Change the limit in that tool.'
    const managed: Notice = { severity: 'advise', code: 'managed', where: { file: IMAP, line: 1 }, text }
    await using a = await withHit(({ host }) => (host.notices = [managed]))
    const { words, buttons } = await shown(a)
    expect(words).toContain(`${IMAP}:1`)
    expect(words).toContain('Change the limit in that tool')
    expect(words).toContain('mail_max_userip_connections = 20')
    expect(words).toContain('A tool writes this file, so there is nothing to approve here')
    expect(words).not.toContain('does not let itself be changed')
    expect(buttons).toEqual(['look-again', 'snooze', 'dismiss'])
    const { id } = await a.proposal()
    expect(await a.click({ kind: 'approve', remediationId: id })).toMatchObject({ kind: 'refused' })
    expect(a.host.limit).toBe(10)
  })

  it('whoever looks again a moment later gets what the host says now, not what it said then', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    a.host.planRefusal = {
      severity: 'refusal',
      code: 'unreloaded-edit',
      where: undefined,
      text: 'Reload first.',
    }
    const who = a.host.who.bind(a.host)
    const gate = Promise.withResolvers<void>()
    a.host.who = async () => {
      await gate.promise
      return who()
    }
    await a.hit()
    await a.clock.advance(100)
    gate.resolve()
    await a.clock.advance(100)
    expect((await shown(a)).words).toContain('Reload first.')

    a.host.planRefusal = undefined
    await a.click({ kind: 'look-again', incidentId: (await a.incident()).id })
    expect((await shown(a)).buttons).toContain('approve')
  })

  it('a limit in the line that is not the one in force is explained by the place that decides, if the host knows one', async () => {
    const text =
      'For the client 192.0.2.7 another block decides (10 instead of 20). Change that line by hand.'
    const where = { file: '/etc/dovecot/local.conf', line: 41 }
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    a.host.limit = 20
    a.host.planRefusal = { severity: 'refusal', code: 'override', where, text }
    await a.hit('taro@example.com', 10)
    expect((await shown(a)).words).toContain(`/etc/dovecot/local.conf:41: ${text}`)
    expect((await shown(a)).buttons).not.toContain('approve')

    a.host.planRefusal = {
      severity: 'refusal',
      code: 'cap',
      where: undefined,
      text: '21 is more than this host allows.',
    }
    await a.clock.advance(MINUTE)
    await a.click({ kind: 'look-again', incidentId: (await a.incident()).id })
    expect((await a.incident()).advice?.noPlan).toBeUndefined()
    expect(await a.proposals()).toEqual([])
  })

  it('a host that only advises says so, and has no button either', async () => {
    await using a = await withHit(({ host }) => (host.changes = 'advise'))
    const { words, buttons } = await shown(a)
    expect(words).toContain('does not let itself be changed: make the change by hand')
    expect(buttons).toEqual(['look-again', 'snooze', 'dismiss'])
  })

  it.each<Omit<Notice, 'severity'>>([
    {
      code: 'override',
      where: { file: '/etc/dovecot/local.conf', line: 41 },
      text: 'For the client 192.0.2.7 another block decides (20 instead of 10); a raise of the whole service would not help this client. Change that line by hand.',
    },
    {
      code: 'zero',
      where: { file: '/etc/dovecot/local.conf', line: 7 },
      text: 'mail_max_userip_connections is 0 (no limit) at the base. Give the base a number first.',
    },
    {
      code: 'unreloaded-edit',
      where: undefined,
      text: `${IMAP} was changed after Dovecot last read its configuration; look at it, reload Dovecot (systemctl reload dovecot), then ask again.`,
    },
    {
      code: 'broken',
      where: { file: '/etc/dovecot/conf.d/99-site.conf', line: 3 },
      text: 'The configuration is broken already: doveconf -n fails on this host.',
    },
    { code: 'not-running', where: undefined, text: 'Dovecot is not running on this host.' },
  ])(
    'a refusal to plan ($code) names the place and the remedy, and offers another look instead of a raise',
    async (refusal) => {
      await using a = await withHit(({ host }) => (host.planRefusal = { severity: 'refusal', ...refusal }))
      const { words, buttons } = await shown(a)
      const place = refusal.where === undefined ? '' : `${refusal.where.file}:${refusal.where.line}: `
      expect(words).toContain(`${place}${refusal.text}`)
      expect(buttons).toEqual(['look-again', 'other-value', 'snooze', 'dismiss'])
      expect(await a.proposals()).toEqual([])

      a.host.planRefusal = undefined
      await a.click({ kind: 'look-again', incidentId: (await a.incident()).id })
      expect((await shown(a)).buttons).toContain('approve')
    },
  )
})
