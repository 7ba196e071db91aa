import type { LogClock } from './log-clock.ts'

/** A time found in a line: how far it reaches, its text, and the instant if there is one. */
export type LogTime = {
  readonly end: number
  readonly text: string
  readonly atMs: number | undefined
  /** Whether the text itself says which instant it is (year and zone). */
  readonly exact: boolean
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000
/** How far ahead of ours the clock of a host (or its zone, when nobody told us) may be. */
const AHEAD_MS = DAY_MS
const EASTERNMOST_MS = 14 * 3_600_000

const WEEKDAY = '(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?'
const ISO = new RegExp(
  `(${WEEKDAY})(\\d{4})-(\\d\\d)-(\\d\\d)[T ](\\d\\d):(\\d\\d):(\\d\\d)(?:[.,](\\d{1,9}))?` +
    '(?: ?(Z|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?))?(?= |$)',
  'y',
)
const SYSLOG = new RegExp(
  `${WEEKDAY}(${MONTHS.join('|')}) {1,2}(\\d{1,2}) (?:(\\d{4}) )?(\\d\\d):(\\d\\d):(\\d\\d)` +
    '(?:\\.(\\d{1,9}))?(?: (\\d{4}))?(?= |$)',
  'y',
)
const TAI64N = /@([0-9a-f]{16})([0-9a-f]{8})(?= |$)/y
const UNIX = /(\d{9,10})\.(\d{3,6})(?= |$)/y
const SINCE_BOOT = /\[ {0,11}\d{1,12}\.\d{3,6}\](?= |$)/y
const ZONE_NAME = / [A-Z]{3,5}(?= )/y

/** The time that stands at `start` of the text, in any form that syslog, journald or Dovecot's own files write. */
export function logTime(text: string, start: number, clock: LogClock): LogTime | undefined {
  return (
    isoTime(text, start, clock) ??
    syslogTime(text, start, clock) ??
    taiTime(text, start) ??
    unixTime(text, start) ??
    bootTime(text, start)
  )
}

function isoTime(text: string, start: number, clock: LogClock): LogTime | undefined {
  const match = matchAt(ISO, text, start)
  if (!match) return undefined
  const [, weekday, year, month, day, hour, minute, second, fraction, zone] = match
  const wallMs = wallClock(num(year), num(month) - 1, num(day), hour, minute, second, fraction)
  let end = start + match[0].length
  // journald's short-full ends in the zone's name, which only the host can explain.
  if (weekday !== '' && zone === undefined) end += matchAt(ZONE_NAME, text, end)?.[0].length ?? 0
  const offset = zone === undefined ? undefined : zoneMinutes(zone)
  return {
    end,
    text: text.slice(start, end),
    atMs: wallMs === undefined ? undefined : wallMs - (offset ?? offsetMinutes(clock, wallMs)) * 60_000,
    exact: offset !== undefined,
  }
}

function syslogTime(text: string, start: number, clock: LogClock): LogTime | undefined {
  const match = matchAt(SYSLOG, text, start)
  if (!match) return undefined
  const [whole, monthName = '', day, yearBefore, hour, minute, second, fraction, yearAfter] = match
  const month = MONTHS.indexOf(monthName)
  const year = yearBefore ?? yearAfter
  const at = (fullYear: number): number | undefined => {
    const wallMs = wallClock(fullYear, month, num(day), hour, minute, second, fraction)
    return wallMs === undefined ? undefined : wallMs - offsetMinutes(clock, wallMs) * 60_000
  }
  return {
    end: start + whole.length,
    text: whole,
    atMs: year === undefined ? nearestBefore(clock.receivedAtMs, at) : at(num(year)),
    exact: false,
  }
}

/** The year that puts the line nearest before now; 29 February goes back to a leap year. */
function nearestBefore(nowMs: number, at: (year: number) => number | undefined): number | undefined {
  const latest = new Date(nowMs + AHEAD_MS + EASTERNMOST_MS).getUTCFullYear()
  for (let year = latest; year >= latest - 9; year -= 1) {
    const atMs = at(year)
    if (atMs !== undefined && atMs <= nowMs + AHEAD_MS) return atMs
  }
  return undefined
}

/** multilog's and s6's stamp: seconds since 1970 plus 2^62, on a clock 10 s ahead of UTC as they set it. */
function taiTime(text: string, start: number): LogTime | undefined {
  const match = matchAt(TAI64N, text, start)
  if (!match) return undefined
  const [whole, seconds, nanoseconds] = match
  const atMs =
    Number(BigInt(`0x${seconds}`) - 2n ** 62n - 10n) * 1000 + Math.floor(Number(`0x${nanoseconds}`) / 1e6)
  return { end: start + whole.length, text: whole, atMs: isInstant(atMs) ? atMs : undefined, exact: true }
}

function unixTime(text: string, start: number): LogTime | undefined {
  const match = matchAt(UNIX, text, start)
  if (!match) return undefined
  const [whole, seconds, fraction] = match
  return { end: start + whole.length, text: whole, atMs: num(seconds) * 1000 + millis(fraction), exact: true }
}

function bootTime(text: string, start: number): LogTime | undefined {
  const match = matchAt(SINCE_BOOT, text, start)
  if (!match) return undefined
  return { end: start + match[0].length, text: match[0], atMs: undefined, exact: false }
}

/** The reading of a wall clock as if it were UTC; undefined for one that no clock shows, like 31 February. */
function wallClock(
  year: number,
  month: number,
  day: number,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string | undefined,
): number | undefined {
  // A leap second reads 60; it is counted as the next minute's first.
  const [hours, minutes, seconds] = [num(hour), num(minute), num(second)]
  if (year < 1970 || hours > 23 || minutes > 59 || seconds > 60) return undefined
  if (month < 0 || month > 11 || day < 1 || day > daysIn(month, year)) return undefined
  return Date.UTC(year, month, day, hours, minutes, seconds, millis(fraction))
}

function daysIn(month: number, year: number): number {
  if (month === 1) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31
}

function offsetMinutes(clock: LogClock, wallMs: number): number {
  const offset = clock.utcOffsetMinutes ?? 0
  return typeof offset === 'number' ? offset : offset(wallMs)
}

function zoneMinutes(zone: string): number {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone)
  if (!match) return 0
  const minutes = num(match[2]) * 60 + num(match[3] ?? '0')
  return match[1] === '-' ? -minutes : minutes
}

function isInstant(atMs: number): boolean {
  return atMs >= 0 && atMs <= 8.64e15
}

function millis(fraction: string | undefined): number {
  return fraction === undefined ? 0 : num(fraction.padEnd(3, '0').slice(0, 3))
}

function num(digits: string | undefined): number {
  return Number(digits)
}

function matchAt(pattern: RegExp, text: string, start: number): RegExpExecArray | null {
  pattern.lastIndex = start
  return pattern.exec(text)
}
