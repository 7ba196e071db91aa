import { TOGETHER_MS } from '../diagnosis/most-together.ts'
import { suggestValue } from '../diagnosis/suggest-value.ts'
import { clientKey } from '../dovecot/client-key.ts'
import type { LimitHit } from '../dovecot/limit-hit.ts'

/** LIMIT_MAX's default: higher limits are not proposed. */
const CAP = 100
const DEFAULT_LIMIT = 10
const HOUR_MS = 3_600_000
/** More refusals at one moment count no further, see `suggestValue`. */
const MAX_TOGETHER = 500
/** rsyslog can repeat the last minutes of lines after a crash; a session is refused once. */
const REMEMBERED_SESSIONS = 50_000

export type HitReport = {
  readonly hits: number
  /** Lines that carry the words and are no hit: attempted names, quotations by other programs. */
  readonly ignored: number
  /** Lines that the log holds twice. */
  readonly repeated: number
  readonly firstAtMs: number | undefined
  readonly lastAtMs: number | undefined
  /** One for each host, service, user, client and limit; the most hits first. */
  readonly rows: readonly ReportRow[]
  /** Hits in each hour of this machine's clock that had any, by its beginning, oldest first. */
  readonly hours: ReadonlyArray<{ readonly atMs: number; readonly hits: number }>
}

export type ReportRow = {
  readonly logHost: string | undefined
  readonly service: string
  readonly user: string
  readonly userCut: boolean
  /** IPv6 by /64. */
  readonly client: string | undefined
  readonly limit: number | undefined
  readonly hits: number
  readonly firstAtMs: number | undefined
  readonly lastAtMs: number | undefined
  /** The most refusals within 5 s. */
  readonly mostTogether: number
  readonly suggestedValue: number | undefined
  readonly why: string
}

type Tally = {
  readonly hit: LimitHit
  readonly client: string | undefined
  hits: number
  firstAtMs: number | undefined
  lastAtMs: number | undefined
  recentAtMs: number[]
  mostTogether: number
}

export type HitCounter = {
  add(hit: LimitHit): void
  ignore(): void
  report(): HitReport
}

/** Counts hits as they are read. What it keeps grows with the users and hours, not with the hits. */
export function hitCounter(): HitCounter {
  const tallies = new Map<string, Tally>()
  const hours = new Map<number, number>()
  const repeats = recentlySeen()
  let hits = 0
  let ignored = 0
  let repeated = 0
  return {
    add(hit) {
      if (hit.session !== undefined && repeats(`${hit.session} ${hit.rip} ${hit.timeText}`)) {
        repeated += 1
        return
      }
      hits += 1
      const client = hit.rip === undefined ? undefined : clientKey(hit.rip)
      const key = [hit.logHost, hit.service, hit.user, client, hit.limit].join('\n')
      const tally = tallies.get(key) ?? newTally(hit, client)
      tallies.set(key, tally)
      count(tally, hit.loggedAtMs)
      if (hit.loggedAtMs === undefined) return
      const hour = hourOf(hit.loggedAtMs)
      hours.set(hour, (hours.get(hour) ?? 0) + 1)
    },
    ignore() {
      ignored += 1
    },
    report() {
      const rows = [...tallies.values()].map(rowOf).sort((a, b) => b.hits - a.hits)
      return {
        hits,
        ignored,
        repeated,
        firstAtMs: rows.reduce((first, row) => earlier(first, row.firstAtMs), NONE),
        lastAtMs: rows.reduce((last, row) => later(last, row.lastAtMs), NONE),
        rows,
        hours: [...hours].map(([atMs, count]) => ({ atMs, hits: count })).sort((a, b) => a.atMs - b.atMs),
      }
    },
  }
}

const NONE: number | undefined = undefined

function newTally(hit: LimitHit, client: string | undefined): Tally {
  return { hit, client, hits: 0, firstAtMs: NONE, lastAtMs: NONE, recentAtMs: [], mostTogether: 0 }
}

function count(tally: Tally, atMs: number | undefined): void {
  tally.hits += 1
  if (atMs === undefined) return
  tally.firstAtMs = earlier(tally.firstAtMs, atMs)
  tally.lastAtMs = later(tally.lastAtMs, atMs)
  if (tally.recentAtMs.length >= MAX_TOGETHER) tally.recentAtMs.shift()
  tally.recentAtMs.push(atMs)
  while (atMs - (tally.recentAtMs[0] ?? atMs) > TOGETHER_MS) tally.recentAtMs.shift()
  tally.mostTogether = Math.max(tally.mostTogether, tally.recentAtMs.length)
}

function rowOf(tally: Tally): ReportRow {
  const { hit, client, hits, firstAtMs, lastAtMs, mostTogether } = tally
  const { logHost, service, user, userCut, limit } = hit
  const inForce = limit ?? DEFAULT_LIMIT
  // When a login was refused, as many sessions as the limit were open.
  const suggestion = suggestValue({
    open: inForce,
    refusedTogether: Math.max(1, mostTogether),
    limit: inForce,
    cap: CAP,
  })
  return {
    logHost,
    service,
    user,
    userCut,
    client,
    limit,
    hits,
    firstAtMs,
    lastAtMs,
    mostTogether,
    suggestedValue: suggestion.value,
    why: suggestion.why,
  }
}

function hourOf(atMs: number): number {
  const offsetMs = -new Date(atMs).getTimezoneOffset() * 60_000
  return Math.floor((atMs + offsetMs) / HOUR_MS) * HOUR_MS - offsetMs
}

/** Says whether a text came lately; remembers at least the newest so many, at most twice as many. */
function recentlySeen(): (text: string) => boolean {
  let newer = new Set<string>()
  let older = new Set<string>()
  return (text) => {
    if (newer.has(text) || older.has(text)) return true
    newer.add(text)
    if (newer.size >= REMEMBERED_SESSIONS) [older, newer] = [newer, new Set<string>()]
    return false
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a
}
