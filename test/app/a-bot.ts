import { type Bot, createBot } from '../../src/app/bot.ts'
import { type Connection, notReadYet, type WatchedHost } from '../../src/app/parts.ts'
import type { Incident } from '../../src/incidents/incident.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts'
import type { Click, ClickCommand } from '../../src/remediation/click.ts'
import type { Person } from '../../src/remediation/person.ts'
import type { Remediation } from '../../src/remediation/remediation.ts'
import type { Reply } from '../../src/slack/desk.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock, settled } from '../lib/fake-clock.ts'
import { aPerson } from '../remediation/a-remediation.ts'
import { memoryStore } from '../store/a-store.ts'
import { FakeLog } from './fake-log.ts'
import { FakeMailHost } from './fake-mail-host.ts'

export const MINUTE = 60_000

/** The whole bot between a fake host and nobody: a real store in memory, time that a test moves. */
export class ABot implements AsyncDisposable {
  readonly clock = new FakeClock()
  readonly host = new FakeMailHost('mx1')
  readonly log = new FakeLog('mx1', this.clock)
  readonly store: Store
  bot: Bot
  metrics!: Metrics
  private connection: Connection = { kind: 'up', sinceMs: 0 }
  /** How often a person's question asked for the next try at once. */
  triedSoon = 0
  private readonly listeners = new Set<(connection: Connection) => void>()
  private ids = 0
  private clicks = 0

  /** Holds from the next start on. */
  approvalsRequired: number
  /** What the directory says of a person now, where it differs from an approver. */
  readonly people = new Map<string, Partial<Person>>()

  constructor(settings: { readonly approvalsRequired?: number } = {}) {
    this.store = memoryStore(this.clock).store
    this.approvalsRequired = settings.approvalsRequired ?? 1
    this.bot = this.compose()
  }

  /** Stops the bot and starts another one with the same store, with the host or, as after a change of MAIL_HOSTS, without it. */
  async restart(hosts: 'mx1' | 'none' = 'mx1'): Promise<void> {
    await this.bot.stop()
    this.bot = this.compose(hosts)
    await this.start()
  }

  private compose(hosts: 'mx1' | 'none' = 'mx1'): Bot {
    return createBot({
      store: this.store,
      clock: this.clock,
      log: silentLog,
      metrics: (this.metrics = createMetrics()),
      hosts: new Map(hosts === 'none' ? [] : [['mx1', this.watched()]]),
      lane: 'C1',
      limitMax: 100,
      approvalsRequired: this.approvalsRequired,
      approvalTtlMs: 30 * MINUTE,
      quietAfterMs: 30 * MINUTE,
      verifyForMs: 10 * MINUTE,
      retentionMs: 90 * 24 * 60 * MINUTE,
      newId: () => `id${String(++this.ids).padStart(6, '0')}`,
    })
  }

  async start(): Promise<this> {
    const front = {
      start: async () => {},
      stop: async () => {},
      problem: () => undefined,
      nobodyCanApprove: async () => false,
    }
    const post = { wake() {}, stop: async () => {}, failed: new Promise<never>(() => {}) }
    await this.bot.start(front, post)
    await settled()
    return this
  }

  connect(connection: Connection): void {
    this.connection = connection
    for (const listener of this.listeners) listener(connection)
  }

  /** A refused login reaches the log, and all that follows from it is done. */
  async hit(user = 'taro@example.com', limit = this.host.limit): Promise<void> {
    const time = new Date(this.clock.now()).toISOString()
    this.log.append(
      `${time} mx1 dovecot: imap-login: Disconnected: Maximum number of connections from user+IP exceeded ` +
        `(mail_max_userip_connections=${limit}): user=<${user}>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, session=<s${++this.ids}>`,
    )
    await settled()
    await this.clock.advance(0)
  }

  async incident(): Promise<Incident> {
    const [incident] = await this.store.openIncidents()
    if (incident === undefined) throw new Error('there is no open incident')
    return incident
  }

  async proposal(): Promise<Remediation> {
    const open = await this.proposals()
    if (open.length !== 1 || open[0] === undefined) throw new Error(`${open.length} proposals are open`)
    return open[0]
  }

  proposals(): Promise<readonly Remediation[]> {
    return this.store.proposals('mx1', 'imap')
  }

  async click(command: ClickCommand, person: Partial<Person> = {}): Promise<Reply> {
    const whoIs = async (id: string) => aPerson({ id, ...this.people.get(id) })
    const by = aPerson(person)
    const click: Click = {
      key: `click-${++this.clicks}`,
      by: by.id,
      teamId: by.teamId,
      atMs: this.clock.now(),
      command,
      channel: 'C1',
      threadTs: undefined,
    }
    await this.bot.actions.recordClick(click)
    const reply = await this.bot.actions.act(click, by, whoIs)
    await settled()
    return reply
  }

  async auditedEvents(): Promise<readonly string[]> {
    return (await this.store.auditAfter(0, 1_000)).map((entry) => entry.event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bot.stop()
    this.store.close()
  }

  private watched(): WatchedHost {
    return {
      name: 'mx1',
      mailHost: this.host,
      logSource: this.log,
      connection: () => this.connection,
      onConnection: (listener) => {
        this.listeners.add(listener)
        return () => this.listeners.delete(listener)
      },
      trySoon: () => void this.triedSoon++,
      facts: { latest: undefined },
      reading: notReadYet(),
    }
  }
}
