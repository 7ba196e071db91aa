import type { HomeView } from '@slack/types'
import type { Incident } from '../../incidents/incident.ts'
import type { HostState } from '../desk.ts'
import { blocksOf } from './blocks.ts'
import { hostSentence, troubleFirst } from './hosts.ts'
import { type Piece, shown, small, text } from './piece.ts'
import { code, given, said, type Sentence, time } from './span.ts'
import { count } from './wording.ts'

/** App Home: what is open and how the hosts are. Read only. */
export function homeView(
  incidents: readonly Incident[],
  hosts: readonly HostState[],
  nowMs: number,
): HomeView {
  const open = shown(incidents, 25)
  const known = shown(troubleFirst(hosts), 40)
  return home([
    {
      kind: 'header',
      text:
        open.items.length === 0 ? '🟢 No open incident' : `🔴 ${count(incidents.length, 'open incident')}`,
    },
    { kind: 'list', items: open.items.map(incidentSentence) },
    ...(open.more === 0 ? [] : [small(said(`and ${open.more} more`))]),
    { kind: 'header', text: count(hosts.length, 'mail host') },
    { kind: 'list', items: known.items.map(hostSentence) },
    ...(known.more === 0 ? [] : [small(said(`and ${known.more} more`))]),
    small(said('As of '), time(nowMs), said('. Alerts with their buttons are in the ops channel.')),
  ])
}

/** App Home of somebody who may not read; `why` is a sentence. */
export function closedHomeView(why: string): HomeView {
  return home([text(given(why, 600))])
}

function home(pieces: readonly Piece[]): HomeView {
  return { type: 'home', blocks: blocksOf({ summary: [], pieces }, 'surface') }
}

function incidentSentence(incident: Incident): Sentence {
  return [
    code(incident.user, 100),
    said(' '),
    given(incident.service, 40),
    said(' on '),
    code(incident.host, 80),
    said(': '),
    said(`${count(incident.hits, 'refused login')}, ${incident.state}, last at `),
    time(incident.lastHitAtMs),
  ]
}
