import { afterEach, describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { people } from '../../dev/slack/people.ts'
import type { HeldSessions } from '../../dev/mailhost/sessions.ts'
import type { Message } from '../../dev/slack/messages.ts'
import { buttonsOf } from './blocks-of.ts'
import { openStage, type Stage, textOf } from './stage.ts'
import { reloadDovecot } from '../../dev/mailhost/reload-dovecot.ts'
import { sessionsGone } from '../real/host-state.ts'

const USER = 'hanako@example.com'
const CONF = '/etc/dovecot/conf.d/20-imap.conf'
const LOCAL = '/etc/dovecot/local.conf'

type Asked = { readonly stage: Stage; readonly alert: Message; readonly held: HeldSessions }

describe.skipIf(noMailHosts())('an alert', () => {
  let open: AsyncDisposableStack
  afterEach(() => open.disposeAsync())

  /** The alert once the host has been asked, on a host whose configuration root edited before. */
  async function askedAlert(edit: string, reload: boolean): Promise<Asked> {
    open = new AsyncDisposableStack()
    const prepare = async (host: MailHost) => {
      await host.run(['sh', '-c', `${edit}${reload ? '; systemctl restart dovecot' : ''}`])
    }
    const stage = open.use(await openStage('trixie', { prepare }))
    const held = open.use(await stage.host.holdImapSessions({ user: USER, count: 11 }))
    const { ts } = await stage.alertOf(USER)
    const alert = await stage.slack.until('what the host says', () => {
      const message = stage.slack.message(ts)
      return message !== undefined && /No plan: |Plan: /.test(textOf(message)) ? message : undefined
    })
    return { stage, alert, held }
  }

  function actionsOf(alert: Message): readonly string[] {
    return buttonsOf(alert).map(({ action }) => action)
  }

  it('is advice without an approval where a tool writes the file', async () => {
    const { alert } = await askedAlert(`sed -i '1i # Ansible managed' ${CONF}`, true)
    expect(textOf(alert)).toContain(`${CONF}:1`)
    expect(textOf(alert)).toContain('Change the limit in that tool.')
    expect(textOf(alert)).toContain('there is nothing to approve here')
    expect(actionsOf(alert)).toEqual(['look-again', 'snooze', 'dismiss'])
  })

  it('names file and line of the block that decides for the client, and what to do', async () => {
    const edit = `printf 'remote 10.0.0.0/8 {\\n  mail_max_userip_connections = 5\\n}\\n' >>${LOCAL}; sed -i '/^protocol !indexer/,/^}/d' /etc/dovecot/conf.d/10-mail.conf`
    const { stage, alert } = await askedAlert(edit, true)
    const lines = String(await stage.host.readFile(LOCAL)).split('\n')
    const line = lines.findIndex((text) => text.includes('mail_max_userip_connections')) + 1
    expect(textOf(alert)).toContain(`${LOCAL}:${line}: `)
    expect(textOf(alert)).toContain('Change that line by hand')
    expect(actionsOf(alert)).not.toContain('approve')
  })

  it('says which edit nobody has reloaded yet, and offers the plan after the reload', async () => {
    const { stage, alert, held } = await askedAlert(`sleep 1; echo '# a colleague was here' >>${CONF}`, false)
    expect(textOf(alert)).toContain(`${CONF} was changed after Dovecot last read its configuration`)
    expect(textOf(alert)).toContain('systemctl reload dovecot')
    expect(actionsOf(alert)).not.toContain('approve')
    await held.close()
    await sessionsGone(stage.host, USER)
    await reloadDovecot(stage.host)
    const again = open.use(await stage.host.holdImapSessions({ user: USER, count: 11 }))
    expect(again.held).toBe(10)
    // The refused login has the bot look again by itself, sooner or later.
    if (actionsOf(stage.slack.message(alert.ts) ?? alert).includes('look-again'))
      await stage.slack.click(people.approver, alert.ts, 'look-again')
    await stage.slack.until('the plan', () => {
      const message = stage.slack.message(alert.ts)
      return message !== undefined && actionsOf(message).includes('approve') ? message : undefined
    })
  })
})
