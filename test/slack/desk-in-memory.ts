import type { Incident } from '../../src/incidents/incident.ts'
import type { Person } from '../../src/remediation/person.ts'
import type { Remediation } from '../../src/remediation/remediation.ts'
import type {
  Actions,
  AlertSubject,
  AwaySubject,
  Click,
  HostNotice,
  HostState,
  RefusedAct,
  Reply,
  Subjects,
  UserStatus,
} from '../../src/slack/desk.ts'
import { aHost, aStatus } from './subjects.ts'

/** A desk that remembers: what Slack reads comes from its maps, what people do ends up in its lists. */
export type DeskInMemory = {
  readonly subjects: Subjects
  readonly actions: Actions
  readonly alerts: Map<string, AlertSubject>
  readonly remediations: Map<string, Remediation>
  readonly notices: Map<string, HostNotice>
  readonly aways: Map<string, AwaySubject>
  readonly hosts: HostState[]
  readonly asked: string[]
  readonly clicks: Map<string, Click>
  readonly settled: Set<string>
  readonly acts: { readonly click: Click; readonly person: Person }[]
  readonly refusals: { readonly refused: RefusedAct; readonly why: string }[]
  /** What happened, in order. */
  readonly story: string[]
  /** What `act` answers; throws when it is an Error. */
  reply: Reply | Error
  /** Thrown by the next `recordClick`. */
  storeFault: Error | undefined
  /** `recordClick` waits for this. */
  storeGate: Promise<void> | undefined
  /** `act` waits for this. */
  gate: Promise<void> | undefined
}

export function deskInMemory(): DeskInMemory {
  const desk: DeskInMemory = {
    alerts: new Map(),
    remediations: new Map(),
    notices: new Map(),
    aways: new Map(),
    hosts: [aHost()],
    asked: [],
    clicks: new Map(),
    settled: new Set(),
    acts: [],
    refusals: [],
    story: [],
    reply: { kind: 'done', text: 'Done.' },
    storeFault: undefined,
    storeGate: undefined,
    gate: undefined,
    subjects: {
      alert: async (id) => desk.alerts.get(id),
      async remediation(id) {
        const remediation = desk.remediations.get(id)
        return remediation && { remediation, overtakenBy: undefined }
      },
      notice: async (id) => desk.notices.get(id),
      away: async (id) => desk.aways.get(id),
      hosts: async () => desk.hosts,
      async userStatus(user): Promise<UserStatus> {
        desk.asked.push(user)
        return aStatus({ user })
      },
      history: async () => [...desk.remediations.values()],
      openIncidents: async (): Promise<readonly Incident[]> =>
        [...desk.alerts.values()].map(({ incident }) => incident),
    },
    actions: {
      async recordClick(click) {
        await desk.storeGate
        const fault = desk.storeFault
        desk.storeFault = undefined
        if (fault !== undefined) throw fault
        desk.story.push(`record ${click.command.kind}`)
        if (desk.clicks.has(click.key)) return 'repeated'
        desk.clicks.set(click.key, click)
        return 'new'
      },
      async act(click, person) {
        await desk.gate
        desk.story.push(`act ${click.command.kind}`)
        desk.acts.push({ click, person })
        if (desk.reply instanceof Error) throw desk.reply
        desk.settled.add(click.key)
        return desk.reply
      },
      unfinishedClicks: async () => [...desk.clicks.values()].filter(({ key }) => !desk.settled.has(key)),
      async recordRefusal(refused, why) {
        desk.refusals.push({ refused, why })
        if (refused.key !== undefined) desk.settled.add(refused.key)
      },
    },
  }
  return desk
}
