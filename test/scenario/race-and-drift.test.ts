import { afterEach, describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { people } from '../../dev/slack/people.ts'
import type { Message } from '../../dev/slack/messages.ts'
import { buttonsOf } from './blocks-of.ts'
import { openStage, type Stage, type StageOptions, textOf } from './stage.ts'
import { reloadDovecot } from '../../dev/mailhost/reload-dovecot.ts'

const USER = 'hanako@example.com'
const CONF = '/etc/dovecot/conf.d/20-imap.conf'
const IN_FORCE = ['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections']

describe.skipIf(noMailHosts()).each(['bookworm', 'trixie'] as const)('on %s', (release) => {
  let open: AsyncDisposableStack
  afterEach(() => open.disposeAsync())

  async function stageWithPlan(options: StageOptions = {}): Promise<{ stage: Stage; alert: Message }> {
    open = new AsyncDisposableStack()
    const stage = open.use(await openStage(release, options))
    open.use(await stage.host.holdImapSessions({ user: USER, count: 11 }))
    const posted = await stage.alertOf(USER)
    return { stage, alert: await withButton(stage, posted.ts) }
  }

  it('two clicks at once make one change, and the second person is told who was first', async () => {
    const { stage, alert } = await stageWithPlan()
    const value = valueOf(alert)
    const clicks = [people.approver, people.secondApprover].map((person) =>
      stage.slack.click(person, alert.ts, 'approve', { value }),
    )
    await Promise.all(clicks)
    const second = await stage.slack.until('somebody told to be second', () =>
      [people.approver, people.secondApprover]
        .flatMap((person) => stage.slack.ephemerals(person))
        .find((message) => /already/.test(textOf(message))),
    )
    const first = second.ephemeralFor === people.approver ? people.secondApprover : people.approver
    expect(JSON.stringify(second.blocks)).toContain(first)
    await outcomeOf(stage, alert)
    expect(await backups(stage)).toHaveLength(1)
    await stage.host.waitForLog(/SIGHUP received/)
    const reloads = (await stage.host.logLines()).filter((line) => line.includes('SIGHUP received'))
    expect(reloads).toHaveLength(1)
  })

  it('the same click delivered twice is one click', async () => {
    const { stage, alert } = await stageWithPlan()
    stage.slack.envelopes.duplicateNext()
    await stage.slack.click(people.approver, alert.ts, 'approve')
    await outcomeOf(stage, alert)
    expect(await backups(stage)).toHaveLength(1)
    expect(stage.slack.ephemerals(people.approver)).toEqual([])
  })

  it('a click on a plan that the host has left behind changes nothing, and a new plan takes its place', async () => {
    const { stage, alert } = await stageWithPlan()
    const before = valueOf(alert)
    const edited = `${String(await stage.host.readFile(CONF))}\n# a colleague was here\n`
    await stage.host.writeFile(CONF, edited)
    await reloadDovecot(stage.host)
    await stage.slack.click(people.approver, alert.ts, 'approve')
    const told = await stage.slack.untilEphemeral(people.approver, 'what changed', (message) =>
      /has changed since you saw the plan/.test(textOf(message)),
    )
    expect(textOf(told)).toMatch(/nothing was done/)
    expect(String(await stage.host.readFile(CONF))).toBe(edited)
    expect(await stage.host.run(IN_FORCE)).toBe('10\n')
    await stage.slack.until('another plan on the alert', () => {
      const message = stage.slack.message(alert.ts)
      const button = message && buttonsOf(message).find((one) => one.action === 'approve')
      return button !== undefined && button.value !== before ? button : undefined
    })
    await stage.slack.click(people.approver, alert.ts, 'approve')
    await stage.slack.until('the new value in force', () =>
      stage.slack.replies(alert.ts).some((reply) => textOf(reply).includes('Done, being watched'))
        ? true
        : undefined,
    )
    expect(await stage.host.run(IN_FORCE)).not.toBe('10\n')
  })

  it('the steps appear in the thread while the change goes on', async () => {
    const { stage, alert } = await stageWithPlan({ prepare: heldReload })
    await stage.slack.click(people.approver, alert.ts, 'approve')
    const halfway = await stage.slack.untilReply(alert.ts, 'some steps done and some not', (message) => {
      const blocks = JSON.stringify(message.blocks)
      return blocks.includes('"complete"') && /"(pending|in_progress)"/.test(blocks)
    })
    expect(textOf(halfway)).toContain('Back up the file')
    await stage.host.run(['rm', '/run/hold-reload'])
    await stage.slack.until('every step done in the same message', () => {
      const blocks = JSON.stringify(stage.slack.message(halfway.ts)?.blocks)
      return /"(pending|in_progress)"/.test(blocks) ? undefined : true
    })
  })

  it('a bot that is killed right after the approval settles with the host when it starts again', async () => {
    const { stage, alert } = await stageWithPlan()
    const seen = stage.bot.log().length
    void stage.slack.click(people.approver, alert.ts, 'approve')
    await stage.bot.untilLogged('carrying out a remediation', seen)
    await stage.restartBot()
    const outcome = await outcomeOf(stage, alert)
    const inForce = (await stage.host.run(IN_FORCE)).trim()
    if (inForce === '10') {
      expect(textOf(outcome)).toMatch(/nothing was changed/i)
      expect(await backups(stage)).toHaveLength(0)
    } else {
      expect(textOf(outcome)).toContain(inForce)
      expect(await backups(stage)).toHaveLength(1)
    }
    expect((await stage.host.exec(['doveconf', '-n'])).code).toBe(0)
  })

  it('a bot that is killed while the host changes the file finds the end in the thread, and one backup', async () => {
    const { stage, alert } = await stageWithPlan()
    void stage.slack.click(people.approver, alert.ts, 'approve')
    await stage.host.run(['sh', '-c', `until ls ${CONF}.2* 2>/dev/null; do :; done`])
    await stage.restartBot()
    const outcome = await outcomeOf(stage, alert)
    const inForce = (await stage.host.run(IN_FORCE)).trim()
    expect(inForce).not.toBe('10')
    expect(textOf(outcome)).toContain(`from 10 to ${inForce}`)
    expect(await backups(stage)).toHaveLength(1)
    const story = await stage.slack.until('the backup in the story', () =>
      stage.slack
        .replies(alert.ts)
        .find((reply) => reply.ts !== outcome.ts && /20-imap\.conf\.\d{8}-\d{6}/.test(textOf(reply))),
    )
    expect(textOf(story)).toMatch(/backup/i)
  })
})

/** As on a host with much to do: it reloads when there is no /run/hold-reload any more. */
async function heldReload(host: MailHost): Promise<void> {
  const hold = `/bin/sh -c 'while [ -e /run/hold-reload ]; do sleep 0.1; done'`
  const unit = `[Service]\nExecReload=\nExecReload=${hold}\nExecReload=/usr/bin/doveadm reload\n`
  await host.writeFile('/run/hold-reload', '')
  await host.run(['mkdir', '-p', '/etc/systemd/system/dovecot.service.d'])
  await host.writeFile('/etc/systemd/system/dovecot.service.d/slow.conf', unit)
  await host.run(['systemctl', 'daemon-reload'])
}

async function withButton(stage: Stage, ts: string): Promise<Message> {
  return stage.slack.until('the plan on the alert', () => {
    const message = stage.slack.message(ts)
    return message !== undefined && buttonsOf(message).some((button) => button.action === 'approve')
      ? message
      : undefined
  })
}

function valueOf(alert: Message): string {
  return buttonsOf(alert).find((button) => button.action === 'approve')?.value ?? ''
}

function outcomeOf(stage: Stage, alert: Message): Promise<Message> {
  return stage.slack.until('the outcome in the thread', () =>
    stage.slack
      .replies(alert.ts)
      .find(
        (reply) =>
          /as planned|nothing was changed|put .* back/i.test(textOf(reply)) &&
          reply !== stage.slack.replies(alert.ts)[0],
      ),
  )
}

async function backups(stage: Stage): Promise<readonly string[]> {
  const listed = await stage.host.exec(['sh', '-c', `ls ${CONF}.2* 2>/dev/null`])
  return listed.stdout.split('\n').filter((line) => line !== '')
}
