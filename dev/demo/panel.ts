import type { MailHost } from '../mailhost/mail-host.ts'
import { reloadDovecot } from '../mailhost/reload-dovecot.ts'
import type { PanelButton } from '../slack/workspace.ts'
import type { Devices, Owner } from './devices.ts'

export const TARO = 'taro@example.com'
const OTHERS = ['hanako', 'kenji', 'yuki', 'sora', 'mei', 'ren'].map((name) => `${name}@example.com`)
const OFFICE = ['accounts', 'sales', 'design', 'legal', 'warehouse'].map((name) => `${name}@example.com`)
const RECEPTION = 'reception@example.com'
const FILE = '/etc/dovecot/conf.d/20-imap.conf'
/** As Dovecot would write it. */
const forgedLine = (limit: number) =>
  `imap-login: Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=${limit}): ` +
  'user=<ceo@example.com>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, TLS, session=<forged>'
/** A reload that fails as long as the flag is there, and takes the flag away: the reload after it, which puts things right, works. */
const BREAKABLE_RELOAD = `[Service]
ExecReload=
ExecReload=/bin/sh -c 'if rm /run/maillimit-demo-break-reload 2>/dev/null; then echo "the demo breaks this reload"; exit 1; fi; exec doveadm reload'
`

export type PanelParts = {
  readonly host: MailHost
  readonly devices: Devices
  /** Client addresses: of an office, and of somebody at home. */
  readonly office: string
  readonly home: string
  /** Begins everything anew, soon after it returns. */
  readonly startAfresh: () => void
}

/** The demo's buttons. Each does a real thing to the real mail host, and says what came of it. */
export function panel(parts: PanelParts): readonly PanelButton[] {
  const { host, devices, office, home } = parts
  let isCut = false
  let nextUser = 0

  async function overTheLimit(owner: Owner, by: number): Promise<string> {
    const limit = await limitInForce(host)
    const missing = limit + by - devices.count(owner.user)
    const results = await devices.switchOn(owner, Math.max(missing, 1), 'try-again')
    const refused = results.filter((result) => result.state === 'refused').length
    return `${owner.user}: ${devices.connected(owner.user)} sessions open, ${refused} logins refused at the limit of ${limit}`
  }
  /** What needs the network says so while it is cut. */
  const online = (run: () => Promise<string>) => async () =>
    isCut ? 'The network is cut, so nobody can log in. Press "Cut the network" again to restore it.' : run()

  return [
    {
      id: 'one-more',
      label: 'The 13th login',
      description: `One more device of ${TARO} logs in. What does the server say?`,
      run: online(() => oneMore(host, devices)),
    },
    {
      id: 'another-user',
      label: 'Another user',
      description: 'With two devices more than the limit allows.',
      run: online(async () => {
        const user = OTHERS[nextUser++ % OTHERS.length] ?? TARO
        return `${await overTheLimit({ user, from: home }, 2)}.`
      }),
    },
    {
      id: 'office',
      label: 'A whole office',
      description: 'Six users behind one address; one of them needs more than the limit.',
      run: online(async () => {
        await Promise.all(OFFICE.map((user) => devices.switchOn({ user, from: office }, 2, 'try-again')))
        return `${await overTheLimit({ user: RECEPTION, from: office }, 2)}. Five colleagues share the address.`
      }),
    },
    {
      id: 'forged',
      label: 'A forged line',
      description: 'An account without rights writes a limit hit into the log.',
      async run() {
        const line = forgedLine(await limitInForce(host))
        await host.run(['logger', '-p', 'mail.info', '-t', 'dovecot', line], { user: 'mallory' })
        return 'mallory, an account without rights on the mail host, wrote a line about ceo@example.com into its log.'
      },
    },
    {
      id: 'colleague',
      label: "A colleague's edit",
      description: 'Somebody edits the file that the plan on show is about. Then approve that plan.',
      async run() {
        const old = await host.readFile(FILE)
        await host.writeFile(FILE, `${old.toString()}# ${new Date().toISOString()}: a colleague was here\n`)
        await reloadDovecot(host)
        return `A colleague added a line to ${FILE} and reloaded Dovecot. Plans made before no longer fit.`
      },
    },
    {
      id: 'broken-reload',
      label: 'A broken reload',
      description: 'The next reload of Dovecot will fail. Then approve a raise.',
      async run() {
        await breakNextReload(host)
        return 'The next reload of Dovecot will fail. Approve a raise: the change is put back, and the thread says so.'
      },
    },
    {
      id: 'network',
      label: 'Cut the network',
      description: 'Packets to and from the mail host vanish. Press again to restore.',
      async run() {
        await (isCut ? host.restoreNetwork() : host.cutNetwork())
        isCut = !isCut
        return isCut
          ? 'The network is cut. /maillimit hosts shows it soon; after two minutes the bot says so in the channel.'
          : 'The network is back. What was logged meanwhile is read now.'
      },
    },
    {
      id: 'end-sessions',
      label: 'End all sessions',
      description: 'Every device is switched off. Two minutes later the alerts are resolved.',
      async run() {
        await devices.switchOffAll()
        return 'All devices are switched off.'
      },
    },
    {
      id: 'afresh',
      label: 'Start afresh',
      description: 'A new mail host, an empty channel, a bot without memory.',
      async run() {
        parts.startAfresh()
        return 'A new mail host is booting; this takes some seconds.'
      },
    },
  ]
}

async function oneMore(host: MailHost, devices: Devices): Promise<string> {
  await devices.reconnect(TARO)
  const nth = devices.count(TARO) + 1
  const [result] = await devices.switchOn({ user: TARO, from: host.ourAddress }, 1, 'give-up')
  switch (result?.state) {
    case 'held':
      await devices.settled(TARO)
      return `Login ${nth} of ${TARO} was let in; ${devices.connected(TARO)} sessions are open now.`
    case 'refused':
      return `Login ${nth} of ${TARO} was refused. The server said: ${result.text}`
    default:
      return `Login ${nth} of ${TARO} got no answer: ${result?.text ?? 'nothing was tried'}`
  }
}

async function limitInForce(host: MailHost): Promise<number> {
  return Number(await host.run(['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections']))
}

async function breakNextReload(host: MailHost): Promise<void> {
  const folder = '/etc/systemd/system/dovecot.service.d'
  await host.run(['mkdir', '-p', folder])
  await host.writeFile(`${folder}/breakable-reload.conf`, BREAKABLE_RELOAD)
  await host.run(['systemctl', 'daemon-reload'])
  await host.run(['touch', '/run/maillimit-demo-break-reload'])
}
