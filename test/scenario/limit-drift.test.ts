import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import { people } from '../../dev/slack/people.ts'
import type { Message } from '../../dev/slack/messages.ts'
import { buttonsOf } from './blocks-of.ts'
import { openStage, type Stage, textOf } from './stage.ts'

const USER = 'hanako@example.com'
const CONF = '/etc/dovecot/conf.d/20-imap.conf'
const SETTING = 'mail_max_userip_connections = '

describe.skipIf(noMailHosts())('a limit that an admin puts back after a change', () => {
  let stage: Stage
  let left: number
  beforeAll(async () => {
    stage = await openStage('bookworm')
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())

  /** As by hand; then the bot asks the host, as it does whenever it comes to it. */
  async function edited(value: number): Promise<{ readonly line: number; readonly atSeconds: number }> {
    const edit = `sed -i 's/^\\( *${SETTING}\\)[0-9]*/\\1${value}/' ${CONF} && doveadm reload`
    await stage.host.run(['sh', '-c', edit])
    const lines = String(await stage.host.readFile(CONF)).split('\n')
    const line = lines.findIndex((text) => text.trim() === `${SETTING}${value}`) + 1
    const atSeconds = Number(await stage.host.run(['stat', '-c', '%Y', CONF]))
    await stage.restartBot()
    return { line, atSeconds }
  }

  function notices(): readonly Message[] {
    return stage.slack.messages().filter((message) => /The limit of imap on \S+ is /.test(textOf(message)))
  }

  it('is told of with its value, the line that sets it and when that file was changed', async () => {
    {
      await using held = await stage.host.holdImapSessions({ user: USER, count: 11 })
      expect(held.refused).toBe(1)
      const { ts } = await stage.alertOf(USER)
      await stage.slack.until('a plan', () => {
        const message = stage.slack.message(ts)
        return message && buttonsOf(message).some(({ action }) => action === 'approve') ? true : undefined
      })
      await stage.slack.click(people.approver, ts, 'approve')
      const done = await stage.slack.untilReply(ts, 'the change made', (reply) =>
        textOf(reply).includes('Done, being watched'),
      )
      left = Number(/from 10 to (\d+)/.exec(textOf(done))?.[1])
    }
    const { line, atSeconds } = await edited(10)
    const notice = await stage.slack.until('a notice', () => notices()[0])
    expect(textOf(notice)).toContain(`is 10 now (${CONF}:${line}), and not ${left}, which change `)
    expect(textOf(notice)).toContain('left. Somebody else changed that file at ')
    expect(JSON.stringify(notice.blocks)).toContain(`"type":"date","timestamp":${atSeconds},`)
    expect(textOf(notice)).toContain(`imap ${left}`)
  })

  it('stays one message while it goes on, and is over when the value is again what was left', async () => {
    const { atSeconds } = await edited(11)
    await stage.slack.until('the newer value and time', () =>
      notices().find((notice) => textOf(notice).includes('is 11 now')),
    )
    expect(JSON.stringify(notices()[0]?.blocks)).toContain(`"timestamp":${atSeconds},`)
    await edited(left)
    await stage.slack.until('the end of it', () =>
      notices().find((notice) => textOf(notice).includes('Over on')),
    )
    expect(notices()).toHaveLength(1)
  })
})
