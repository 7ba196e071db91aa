import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import type { HeldSessions } from '../../dev/mailhost/sessions.ts'
import { people } from '../../dev/slack/people.ts'
import type { Message } from '../../dev/slack/messages.ts'
import { buttonsOf, cellsOf } from './blocks-of.ts'
import { openStage, type Stage, textOf } from './stage.ts'
import { sessionsGone } from '../real/host-state.ts'

const USER = 'taro@example.com'
const CONF = '/etc/dovecot/conf.d/20-imap.conf'
const IN_FORCE = ['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections']

/** What each version writes before the words, and where the host's name stands in the prefix of its log. */
const WRITES = {
  bookworm: { event: 'Disconnected: Maximum', logHost: /^\S+ (\S+)/ },
  trixie: { event: 'Login aborted: Maximum', logHost: /^\S+ (\S+)/ },
  el9like: { event: 'Maximum', logHost: /^\w+ +\d+ \S+ (\S+)/ },
} as const

describe.skipIf(noMailHosts()).each(['bookworm', 'trixie', 'el9like'] as const)(
  'the main job on %s',
  (release) => {
    let stage: Stage
    let held: HeldSessions
    let alert: Message
    let original: Buffer

    beforeAll(async () => {
      // As Slack itself has it: no more than three seconds to acknowledge.
      stage = await openStage(release, { workspace: { ackWithinMs: 3_000 } })
      original = await stage.host.readFile(CONF)
    })
    afterAll(async () => {
      await held?.close()
      await stage?.[Symbol.asyncDispose]()
    })

    it('posts one alert within three seconds of the first refused login', async () => {
      held = await stage.host.holdImapSessions({ user: USER, count: 10 })
      expect(held.held).toBe(10)
      const startedAt = performance.now()
      await using more = await stage.host.holdImapSessions({ user: USER, count: 2 })
      alert = await stage.alertOf(USER)
      expect(performance.now() - startedAt).toBeLessThan(3_000)
      expect(more.refused).toBe(2)
    })

    it('shows every part of the line as the host logged it', async () => {
      const lines = (await stage.host.logLines()).filter((line) =>
        line.includes('Maximum number of connections'),
      )
      const line = lines.at(-1) ?? ''
      const part = (pattern: RegExp) => pattern.exec(line)?.[1] ?? `no ${pattern} in ${line}`
      const shown = await stage.slack.until('the newest line on the alert', () => {
        const cells = cellsOf(stage.slack.message(alert.ts))
        return cells.get('Session') === part(/session=<([^>]*)>/) ? cells : undefined
      })
      expect(shown.get('Time')).toContain(part(/^(\S+)/))
      expect(shown.get('Host')).toBe(part(WRITES[release].logHost))
      expect(shown.get('Program')).toContain('imap-login')
      expect(shown.get('Event')).toContain('Maximum number of connections from user+IP exceeded')
      expect(shown.get('Event')).toMatch(new RegExp(`^${WRITES[release].event}`))
      expect(shown.get('Setting')).toBe('mail_max_userip_connections = 10')
      expect(shown.get('User')).toBe(part(/user=<([^>]*)>/))
      expect(shown.get('Method')).toBe(part(/method=([^,]+)/))
      expect(shown.get('Client IP (rip)')).toBe(part(/rip=([^,]+)/))
      expect(shown.get('Server IP (lip)')).toBe(part(/lip=([^,]+)/))
      expect(shown.get('Client IP (rip)')).toBe(stage.host.ourAddress)
    })

    it('edits that alert as more hits come, and never posts a second one', async () => {
      for (let i = 0; i < 5; i++) expect((await stage.host.login(USER)).state).toBe('refused')
      await stage.slack.until('seven hits on the alert', () =>
        /\b7\b/.test(textOf(stage.slack.message(alert.ts) ?? alert)) ? true : undefined,
      )
      expect(stage.alerts().map((message) => message.ts)).toEqual([alert.ts])
    })

    it('puts the plan onto the alert: diff, impact and the button', async () => {
      const planned = await stage.slack.until('the plan', () => {
        const message = stage.slack.message(alert.ts)
        return message !== undefined &&
          buttonsOf(message).some((button) => button.label.startsWith('Raise to'))
          ? message
          : undefined
      })
      const text = textOf(planned)
      expect(text).toContain(CONF)
      expect(text).toMatch(/\+\s+\d+\s+mail_max_userip_connections = \d+/)
      expect(text).toMatch(/reload will disconnect 10 sessions/)
    })

    it.each([
      ['a guest', people.guest, /guest/i],
      ['a stranger', people.stranger, /workspace/i],
      ['a member who is no approver', people.member, /approver/i],
    ])('refuses the click of %s to their face, and does nothing', async (_who, person, why) => {
      await stage.slack.click(person, alert.ts, 'approve')
      await stage.slack.untilEphemeral(person, 'a refusal', (message) => why.test(textOf(message)))
      expect(await stage.host.readFile(CONF)).toEqual(original)
      expect(await stage.host.run(IN_FORCE)).toBe('10\n')
    })

    it('answers /maillimit status with limit, place, connections, hits and incident, also for the mailto form', async () => {
      for (const words of [USER, `<mailto:${USER}|${USER}>`]) {
        const before = stage.slack.ephemerals(people.member).length
        await stage.slack.slash(people.member, '/maillimit', `status ${words}`)
        const answer = await stage.slack.until(
          'the status',
          () => stage.slack.ephemerals(people.member)[before],
        )
        const text = textOf(answer)
        expect(text).toContain(USER)
        expect(text).toContain('imap')
        expect(text).toContain(stage.host.ourAddress)
        expect(text).toMatch(/\b10\b/)
        expect(text).toMatch(/\b7\b/)
        expect(text).toMatch(/default/i)
      }
    })

    let raisedTo = 0

    it('raises the limit on the one click of an approver, and tells each step in the thread', async () => {
      const button = buttonsOf(stage.slack.message(alert.ts) ?? alert).find((one) =>
        one.label.startsWith('Raise to'),
      )
      raisedTo = Number(button?.label.replace(/\D/g, ''))
      await stage.slack.click(people.approver, alert.ts, 'approve')
      const story = await stage.slack.untilReply(
        alert.ts,
        'the steps',
        (message) => /backup/i.test(textOf(message)) && /effective|in force/i.test(textOf(message)),
      )
      expect(textOf(story)).toMatch(/reload/i)
      await stage.slack.untilReply(
        alert.ts,
        'the outcome',
        (message) => message.ts !== story.ts && textOf(message).includes(String(raisedTo)),
      )
      await stage.slack.until('every step done', () => {
        const blocks = JSON.stringify(stage.slack.message(story.ts)?.blocks)
        return /"(pending|in_progress)"/.test(blocks) ? undefined : true
      })
    })

    it('leaves a backup with the old content, mode and owner, and one changed line', async () => {
      const backups = (await stage.host.run(['sh', '-c', `ls ${CONF}.2*`])).trim().split('\n')
      expect(backups).toHaveLength(1)
      const backup = backups[0] ?? ''
      expect(backup).toMatch(/20-imap\.conf\.\d{8}-\d{6}$/)
      expect(await stage.host.readFile(backup)).toEqual(original)
      const stat = async (path: string) => (await stage.host.run(['stat', '-c', '%a %u:%g', path])).trim()
      expect(await stat(CONF)).toBe(await stat(backup))
      const diff = await stage.host.exec(['diff', backup, CONF])
      expect(diff.code).toBe(1)
      const changed = diff.stdout.split('\n').filter((line) => /^[<>]/.test(line))
      expect(changed).toHaveLength(1)
      expect(changed[0]).toMatch(new RegExp(`^> +mail_max_userip_connections = ${raisedTo}$`))
    })

    it('has the new value in force, Dovecot reloaded, and the thirteenth login let in', async () => {
      expect(await stage.host.run(IN_FORCE)).toBe(`${raisedTo}\n`)
      await stage.host.waitForLog(/SIGHUP received/)
      await held.close()
      await sessionsGone(stage.host, USER)
      await using again = await stage.host.holdImapSessions({ user: USER, count: 13 })
      expect([again.held, again.refused]).toEqual([13, 0])
    })

    it('offers no second approval of what was approved', async () => {
      const approved = await stage.slack.until('an alert with another button', () => {
        const message = stage.slack.message(alert.ts) ?? alert
        return buttonsOf(message).some((button) => button.action === 'rollback') ? message : undefined
      })
      expect(buttonsOf(approved).map((button) => button.action)).not.toContain('approve')
    })

    it('rolls back to the very bytes, by a plan that is approved like any other', async () => {
      await stage.slack.until('the button Roll back', () =>
        buttonsOf(stage.slack.message(alert.ts) ?? alert).find((button) => button.action === 'rollback'),
      )
      await stage.slack.click(people.approver, alert.ts, 'rollback')
      const planned = await stage.slack.until('the plan of the rollback', () => {
        const message = stage.slack.message(alert.ts)
        return message !== undefined && buttonsOf(message).some((button) => button.action === 'approve')
          ? message
          : undefined
      })
      expect(textOf(planned)).toMatch(/-\s+\d+\s+mail_max_userip_connections/)
      await stage.slack.click(people.secondApprover, alert.ts, 'approve')
      await stage.slack.until('the old value in force', () =>
        stage.slack
          .replies(alert.ts)
          .some((reply) =>
            textOf(reply).includes(`Done, being watched: imap on ${stage.host.name} from ${raisedTo} to 10`),
          )
          ? true
          : undefined,
      )
      expect(await stage.host.readFile(CONF)).toEqual(original)
      expect(await stage.host.run(IN_FORCE)).toBe('10\n')
    })
  },
)
