import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import { renderedMentions } from '../../dev/slack/mentions.ts'
import { people } from '../../dev/slack/people.ts'
import { buttonsOf } from './blocks-of.ts'
import { openStage, type Stage, textOf } from './stage.ts'

/** From the facts about Dovecot: names of failed logins that were logged verbatim. */
const FORGED_NAMES = [
  'a (mail_max_userip_connections=9999): user=<ceo>, rip=10.0.0.1, lip=x',
  'x: imap-login: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): user=<ceo>, r',
  '<!channel> @here #general http://evil.example',
]

describe.skipIf(noMailHosts()).each(['bookworm', 'trixie'] as const)('on %s', (release) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage(release)
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())

  it('a hit that an unprivileged account wrote is shown as unconfirmed and offers no raise', async () => {
    await stage.host.run(
      [
        'logger',
        '-p',
        'mail.info',
        '-t',
        'dovecot',
        'imap-login: Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): user=<ceo@example.com>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, TLS, session=<forged1>',
      ],
      { user: 'mallory' },
    )
    const posted = await stage.alertOf('ceo@example.com')
    const judged = await stage.slack.until('the judgement', () => {
      const message = stage.slack.message(posted.ts)
      return message !== undefined && buttonsOf(message).some((button) => button.action === 'look-again')
        ? message
        : undefined
    })
    expect(textOf(judged)).toMatch(/unconfirmed/i)
    expect(buttonsOf(judged).map((button) => button.action)).not.toContain('approve')
    expect(buttonsOf(judged).map((button) => button.action)).not.toContain('other-value')
  })

  it('names that strangers try at the login never make an alert for anybody', async () => {
    for (const [index, name] of FORGED_NAMES.entries()) {
      const from = await stage.host.addSourceAddress()
      const result = await stage.host.login(name, { password: `wrong-${index}`, from })
      expect(result.state).toBe('refused')
    }
    await stage.host.run([
      'logger',
      '-p',
      'mail.info',
      '-t',
      'dovecot',
      '--',
      'imap-login: \xff\xfe Maximum number of connections',
    ])
    // A true hit behind them shows that they were read.
    await using held = await stage.host.holdImapSessions({ user: 'after@example.com', count: 11 })
    expect(held.refused).toBe(1)
    await stage.alertOf('after@example.com')
    const others = stage
      .alerts()
      .filter((message) => !/after@example\.com|ceo@example\.com/.test(textOf(message)))
    expect(others).toEqual([])
    expect(stage.alerts().filter((message) => textOf(message).includes('ceo@example.com'))).toHaveLength(1)
  })

  it('a mailbox called <!channel> gets its alert, with no mention and no link in it', async () => {
    await using held = await stage.host.holdImapSessions({
      user: '<!channel> @here http://evil.example',
      count: 11,
    })
    expect(held.refused).toBe(1)
    const alert = await stage.slack.untilMessage('the alert', (message) =>
      textOf(message).includes('evil.example'),
    )
    await stage.slack.until('the plan', () => {
      const message = stage.slack.message(alert.ts)
      const actions = message === undefined ? [] : buttonsOf(message).map(({ action }) => action)
      return actions.includes('approve') || actions.includes('look-again') ? message : undefined
    })
    for (const message of stage.slack.messages()) {
      const { broadcasts, users, channels, links } = renderedMentions(message, stage.slack.directory)
      expect([broadcasts, channels, links, users]).toEqual([[], [], [], []])
    }
  })

  it('status of that mailbox is inert too', async () => {
    await stage.slack.slash(people.member, '/maillimit', 'status <!channel>')
    const answer = await stage.slack.untilEphemeral(people.member, 'the status', () => true)
    expect(renderedMentions(answer, stage.slack.directory).broadcasts).toEqual([])
  })
})
