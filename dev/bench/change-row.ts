import { setTimeout as sleep } from 'node:timers/promises'
import type { MailHost } from '../mailhost/mail-host.ts'
import { runChecked } from '../mailhost/run.ts'
import { elementsOf } from '../slack/block.ts'
import type { Message } from '../slack/messages.ts'
import { people } from '../slack/people.ts'
import type { Workspace } from '../slack/workspace.ts'
import { durations, ratio } from './figures.ts'
import type { BenchSettings, Figure, Row } from './row.ts'
import { type BenchHost, bootHosts, openBot, openWorkspace, untilFollowing } from './stage.ts'

const USER = 'taro@example.com'
const FILE = '/etc/dovecot/conf.d/20-imap.conf'
const DEFAULT_LIMIT = 10
const TARGET = 1.5
/** Logins without any pause would keep one core busy and measure themselves. */
const POLL_EVERY_MS = 10

/** What the published procedure does by hand: back up, edit, diff, check, status, reload, status. */
const ONE_LINER = `f=${FILE}; b=$f.$(date +%Y%m%d-%H%M%S)
cp -p $f $b && sed -i 's/^\\( *\\)#mail_max_userip_connections = 10/&\\n\\1mail_max_userip_connections = NEW/' $f && { diff $b $f; \
doveconf -n >/dev/null; } && systemctl status dovecot && systemctl reload dovecot && systemctl status dovecot`

export const changeRow: Row = {
  name: 'change',
  about:
    'a click → the new limit holds for a new login; against the published procedure as a one-liner over ssh, same kind of host',
  withinMs: 420_000,
  measure,
}

async function measure(settings: BenchSettings): Promise<readonly Figure[]> {
  const rounds = settings.quick ? 1 : 10
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round++) {
    settings.signal.throwIfAborted()
    settings.progress(`round ${round + 1} of ${rounds}`)
    const times = await oneRound(settings, round % 2 === 0)
    ours.push(times.oursMs)
    bare.push(times.bareMs)
  }
  return [
    durations('bare one-liner over ssh', bare),
    durations(`maillimit, from the click (n = ${rounds})`, ours),
    ratio('ratio of the medians', ours, bare, TARGET),
  ]
}

/** Two fresh hosts alike in everything, each changed once. */
async function oneRound(
  settings: BenchSettings,
  oursFirst: boolean,
): Promise<{ readonly oursMs: number; readonly bareMs: number }> {
  await using parts = new AsyncDisposableStack()
  const [ours, bare] = await bootHosts(parts, settings, { count: 2, prepare: keepSessions })
  if (ours === undefined || bare === undefined) throw new Error('two hosts are needed')
  const slack = await openWorkspace(parts)
  const { bot } = await openBot(parts, { hosts: [ours], slack, state: 'change' })
  await untilFollowing(bot, 1, settings.signal)
  for (const { host } of [ours, bare]) parts.use(await fillUp(host))
  const alert = await alertWithPlan(slack)
  const change = async () => timed(ours.host, () => slack.click(people.approver, alert.ts, 'approve'))
  const byHand = async () => timed(bare.host, () => oneLiner(bare, alert.newValue))
  if (oursFirst) return { oursMs: await change(), bareMs: await byHand() }
  const bareMs = await byHand()
  return { oursMs: await change(), bareMs }
}

/** The reload leaves the sessions that fill the old limit alone, so that a login can tell the old limit from the new one. */
async function keepSessions(host: MailHost): Promise<void> {
  await host.run(['sh', '-c', 'echo "shutdown_clients = no" >>/etc/dovecot/local.conf'])
  await host.run(['systemctl', 'restart', 'dovecot'])
}

async function fillUp(host: MailHost): Promise<AsyncDisposable> {
  const sessions = await host.holdImapSessions({ user: USER, count: DEFAULT_LIMIT + 1 })
  if (sessions.held !== DEFAULT_LIMIT || sessions.refused !== 1)
    throw new Error(`${host.name} let ${sessions.held} in and refused ${sessions.refused}`)
  return sessions
}

async function alertWithPlan(slack: Workspace): Promise<{ readonly ts: string; readonly newValue: number }> {
  const alert = await slack.untilMessage('an alert with a plan', (message) => newValueOf(message) > 0, 60_000)
  return { ts: alert.ts, newValue: newValueOf(alert) }
}

/** What the button on the alert raises to; 0 while there is none. */
function newValueOf(message: Message): number {
  const place = elementsOf(message.blocks).find(({ actionId }) => actionId === 'approve')
  return Number(/\d+/.exec(JSON.stringify(place?.element['text'] ?? ''))?.[0] ?? 0)
}

/** From the start of `begin` until a further login is let in. */
async function timed(host: MailHost, begin: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  const begun = begin()
  begun.catch(() => undefined)
  for (;;) {
    const { state } = await host.login(USER)
    const tookMs = performance.now() - startedAt
    if (state === 'held') {
      await begun
      return tookMs
    }
    await sleep(POLL_EVERY_MS)
    if (tookMs > 30_000) {
      await begun
      throw new Error(`${host.name} still refuses logins 30 s after the change was begun`)
    }
  }
}

async function oneLiner({ host }: BenchHost, newValue: number): Promise<void> {
  const command = ONE_LINER.replace('NEW', String(newValue))
  const { stdout } = await runChecked(['ssh', '-F', host.sshConfig, host.name, command])
  if (!stdout.includes(`> `)) throw new Error(`the one-liner changed nothing: ${stdout}`)
}
