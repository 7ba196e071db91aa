import type { EffectiveLimit } from '../../remediation/mail-host.ts'
import type { UserStatus } from '../desk.ts'
import { type Page, type Piece, shown, small, text } from './piece.ts'
import { code, given, said, type Sentence, strong, time } from './span.ts'
import { count, fileLine, limitText } from './wording.ts'

const maxHosts = 12

/** The answer to `/maillimit status USER`. */
export function statusPage(status: UserStatus): Page {
  const { items: hosts, more } = shown(status.hosts, maxHosts)
  const connections = status.hosts.flatMap(({ host, connections }) =>
    connections.map(({ service, ip, count }) => [host, service, ip, String(count)]),
  )
  return {
    summary: [said('Status of '), given(status.user, 100)],
    pieces: [
      { kind: 'header', text: `Status of ${status.user}` },
      ...hosts.flatMap(hostPieces),
      ...(more === 0 ? [] : [small(said(`and ${count(more, 'more host')}`))]),
      ...connectionPieces(connections),
      ...hits(status),
      ...incidents(status),
      small(said('Asked at '), time(status.nowMs), said('. Only you see this.')),
    ],
  }
}

/** `imap: 20, set in /etc/…:12`: also for the list of hosts. */
export function limitSentence(limit: EffectiveLimit): Sentence {
  return [given(limit.service, 40), said(': '), strong(limitText(limit.value)), said(', '), ...place(limit)]
}

function place({ where }: EffectiveLimit): Sentence {
  return where === undefined ? [said("Dovecot's default")] : [said('set in '), code(fileLine(where), 200)]
}

function hostPieces({ host, fault, limits }: UserStatus['hosts'][number]): readonly Piece[] {
  const trouble = fault === undefined ? [] : [text(code(host, 80), said(': '), given(fault, 500))]
  if (fault !== undefined && limits.length === 0) return trouble
  const none: Sentence = [said('no limit is known')]
  return [
    ...trouble,
    text(strong(fault === undefined ? 'Limits on ' : 'Limits as last known on '), code(host, 80)),
    { kind: 'list', items: limits.length === 0 ? [none] : limits.slice(0, 8).map(limitSentence) },
  ]
}

function connectionPieces(rows: readonly string[][]): readonly Piece[] {
  if (rows.length === 0) return [text(said('No live connection of this user.'))]
  const ordered = [...rows].sort((a, b) => Number(b[3]) - Number(a[3]))
  const { items, more } = shown(ordered, 50)
  return [
    { kind: 'grid', head: ['Host', 'Service', 'Client IP', 'Connections'], rows: items },
    ...(more === 0 ? [] : [small(said(`and ${count(more, 'more address', 'more addresses')}`))]),
  ]
}

function hits({ hits }: UserStatus): readonly Piece[] {
  if (hits.length === 0) return [text(said('No refused login is on record.'))]
  const { items, more } = shown(hits, 15)
  const sentences = items.map(
    (hit): Sentence => [
      said(`${count(hit.hits, 'refused login')} on `),
      code(hit.host, 80),
      said(' '),
      given(hit.service, 40),
      said(' from '),
      code(hit.client, 60),
      said(', last at '),
      time(hit.lastAtMs),
    ],
  )
  return [
    text(strong('Refused logins')),
    { kind: 'list', items: more === 0 ? sentences : [...sentences, [said(`and ${more} more`)]] },
  ]
}

function incidents({ openIncidents }: UserStatus): readonly Piece[] {
  if (openIncidents.length === 0) return [text(said('No open incident.'))]
  return [
    text(strong(count(openIncidents.length, 'open incident'))),
    {
      kind: 'list',
      items: openIncidents
        .slice(0, 15)
        .map(
          (incident): Sentence => [
            code(incident.host, 80),
            said(' '),
            given(incident.service, 40),
            said(' from '),
            code(incident.client, 60),
            said(`: ${count(incident.hits, 'refused login')}, ${incident.state}, since `),
            time(incident.openedAtMs),
          ],
        ),
    },
  ]
}
