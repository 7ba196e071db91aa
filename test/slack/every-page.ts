import type { HomeView, ModalView } from '@slack/types'
import { alertPage } from '../../src/slack/views/alert.ts'
import { awayPage } from '../../src/slack/views/away.ts'
import { helpPage } from '../../src/slack/views/help.ts'
import { historyPage } from '../../src/slack/views/history.ts'
import { closedHomeView, homeView } from '../../src/slack/views/home.ts'
import { hostsPage } from '../../src/slack/views/hosts.ts'
import { noticePage } from '../../src/slack/views/notice.ts'
import { otherValueModal } from '../../src/slack/views/other-value-modal.ts'
import type { Page } from '../../src/slack/views/piece.ts'
import { outcomePage, remediationPage } from '../../src/slack/views/remediation.ts'
import { requestPage } from '../../src/slack/views/request.ts'
import { shortAnswer } from '../../src/slack/views/short-answer.ts'
import { statusPage } from '../../src/slack/views/status.ts'
import {
  aChange,
  aHost,
  alertStates,
  anAway,
  aNotice,
  anIncident,
  aStatus,
  nowMs,
  remediationStates,
} from './subjects.ts'

export type Named<T> = { readonly name: string; readonly make: (forge: Forge) => T }

/** Puts text from outside into a subject, wherever text from outside can be. */
export type Forge = <T>(subject: T) => T

/** Every message in every state. */
export const everyPage: readonly Named<Page>[] = [
  ...Object.entries(alertStates).map(([name, alert]) =>
    named(`alert: ${name}`, (forge) => alertPage(forge(alert))),
  ),
  ...Object.entries(remediationStates).flatMap(([name, remediation]) => [
    named(`steps: ${name}`, (forge) => remediationPage(forge(remediation))),
    named(`outcome: ${name}`, (forge) => outcomePage(forge(aChange(remediation)))),
    named(`request: ${name}`, (forge) =>
      requestPage(forge(aChange({ ...remediation, requestedBy: 'U0MEMBER001' })), nowMs),
    ),
  ]),
  named('notice: open', (forge) => noticePage(forge(aNotice()))),
  named('notice: with an instant in its text', (forge) =>
    noticePage(forge(aNotice({ text: 'The file was changed at 2026-11-24T03:12:05Z.' }))),
  ),
  named('notice: over', (forge) => noticePage(forge(aNotice({ state: 'over', untilMs: nowMs })))),
  named('away', (forge) => awayPage(forge(anAway({ users: many(80, anAway().users[0]!) })))),
  named('status', (forge) => statusPage(forge(aStatus()))),
  named('status: nothing', (forge) => statusPage(forge(aStatus({ hosts: [], hits: [], openIncidents: [] })))),
  named('status: much', (forge) => statusPage(forge(muchStatus()))),
  named('hosts', (forge) => hostsPage(forge(allHosts()))),
  named('hosts: none', () => hostsPage([])),
  named('history', (forge) =>
    historyPage(forge(many(70, remediationStates['succeeded']!)), 'taro@example.com'),
  ),
  named('history: none', () => historyPage([], undefined)),
  named('help', () => helpPage()),
  named('help: trouble', (forge) => helpPage(forge({ text: 'There is no "x".' }).text)),
  named('short answer', (forge) => shortAnswer(forge({ text: 'Done.' }).text)),
]

export const everyView: readonly Named<ModalView | HomeView>[] = [
  ...Object.entries(alertStates).map(([name, alert]) =>
    named(`other value: ${name}`, (forge) =>
      otherValueModal(forge(alert), JSON.stringify({ incidentId: 'inc1' })),
    ),
  ),
  named('home', (forge) => homeView(forge(many(40, anIncident())), forge(allHosts()), nowMs)),
  named('home: nothing', () => homeView([], [], nowMs)),
  named('home: closed', (forge) =>
    closedHomeView(forge({ text: 'Only members of the ops channel can use maillimit.' }).text),
  ),
]

export const asIs: Forge = (subject) => subject

/** Fields that hold text from a log, a host or the directory. Ids and states are ours. */
const outside = new Set(
  'user host client service text raw session method rip lip tls timeText logHost program loginService event reasonTail summary why evidence purpose noPlan file ip explanation detail hint name dovecotVersion logPath addresses code fault'.split(
    ' ',
  ),
)

/** Replaces every text from outside by `text`, and gives the log line extra words of that kind. */
export function forgery(text: string): Forge {
  return (subject) => forged(subject, text, false) as typeof subject
}

function forged(value: unknown, text: string, isOutside: boolean): unknown {
  if (typeof value === 'string') return isOutside ? text : value
  if (Array.isArray(value)) return value.map((entry) => forged(entry, text, isOutside))
  if (typeof value !== 'object' || value === null) return value
  const isStep = 'kind' in value && value.kind === 'step'
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      if (key === 'extras')
        return [
          key,
          [
            [text, text],
            [text, ''],
          ],
        ]
      return [key, forged(entry, text, outside.has(key) && !(isStep && key === 'name'))]
    }),
  )
}

function named<T>(name: string, make: (forge: Forge) => T): Named<T> {
  return { name, make }
}

function many<T>(count: number, one: T): readonly T[] {
  return Array.from({ length: count }, () => one)
}

function allHosts() {
  const states = ['following', 'connecting', 'unreachable', 'refused', 'fault'] as const
  return many(6, states)
    .flat()
    .map((state, index) =>
      aHost({ state, detail: 'It does not answer.', hint: 'Look at it.', name: `mx${index}` }),
    )
}

function muchStatus() {
  const one = aStatus().hosts[0]!
  return aStatus({
    hosts: many(40, { ...one, connections: many(40, one.connections[0]!), limits: many(20, one.limits[0]!) }),
    hits: many(60, aStatus().hits[0]!),
    openIncidents: many(60, anIncident()),
  })
}
