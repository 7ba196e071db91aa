import type { Advice, Incident } from '../../incidents/incident.ts'
import { type Piece, shown, text } from './piece.ts'
import { code, given, said, type Sentence, strong, time } from './span.ts'
import { count, fileLine, limitText } from './wording.ts'

const recentMs = 5 * 60_000
const maxConnections = 10

/** What the host says now: connections against the limit, hits in the last minutes, the diagnosis and why. */
export function hostNow(incident: Incident, nowMs: number): readonly Piece[] {
  const { advice } = incident
  const recent: Sentence = [said(`${recentHits(incident, nowMs)} in the last 5 minutes.`)]
  if (advice === undefined) {
    return [text(strong('Now: '), said('asking the host for its live connections. '), ...recent)]
  }
  const where = given(fileLine(advice.limitWhere), 160)
  const limit: Sentence = [
    said(`The limit for ${incident.service} is `),
    strong(limitText(advice.limit)),
    ...(advice.limit === undefined ? [said('.')] : [said(' ('), where, said(').')]),
  ]
  return [
    text(strong('Now'), said(' (asked at '), time(advice.atMs), said('): ')),
    { kind: 'list', items: [...connections(incident, advice), limit, recent] },
    ...diagnosis(advice),
  ]
}

/** Only the newest hits have their instants kept, so a full list may be short of some. */
function recentHits(incident: Incident, nowMs: number): string {
  const recent = incident.recentHitsAtMs.filter((atMs) => nowMs - atMs <= recentMs).length
  const isFull = recent === incident.recentHitsAtMs.length && incident.hits > recent && recent >= 100
  return isFull ? `${recent} or more refused logins` : count(recent, 'refused login')
}

function connections(incident: Incident, advice: Advice): readonly Sentence[] {
  if (advice.connections.length === 0) return [[said('No live connection of this user.')]]
  const here = (c: Advice['connections'][number]) =>
    c.service === incident.service && incident.addresses.includes(c.ip)
  const ordered = [...advice.connections].sort(
    (a, b) => Number(here(b)) - Number(here(a)) || b.count - a.count,
  )
  const { items, more } = shown(ordered, maxConnections)
  const sentences = items.map(
    (c): Sentence => [
      code(c.ip, 50),
      said(' '),
      given(c.service, 40),
      said(`: ${c.count}${c.service === incident.service && advice.limit ? ` of ${advice.limit}` : ''}`),
      ...(here(c) ? [said(' ← refused here')] : []),
    ],
  )
  return more === 0
    ? sentences
    : [...sentences, [said(`and ${count(more, 'more address', 'more addresses')}`)]]
}

function diagnosis(advice: Advice): readonly Piece[] {
  const { diagnosis } = advice
  const value = diagnosis.suggestedValue
  const pieces: Piece[] = [
    text(strong('Diagnosis: '), given(diagnosis.summary, 500)),
    { kind: 'list', items: diagnosis.evidence.slice(0, 6).map((line) => [given(line, 300)]) },
    text(
      strong(value === undefined ? 'No raise suggested: ' : `Suggested limit ${value}: `),
      given(diagnosis.why, 500),
    ),
  ]
  for (const { purpose, text: words } of diagnosis.advice.slice(0, 3)) {
    pieces.push(text(given(purpose, 500)), { kind: 'code', text: words })
  }
  if (advice.noPlan !== undefined) pieces.push(text(strong('No plan: '), given(advice.noPlan, 800)))
  return pieces
}
