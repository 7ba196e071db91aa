import { visibleText } from '../dovecot/visible-text.ts'
import type { HitReport, ReportRow } from './hit-report.ts'

const MAX_ROWS = 40
const MAX_HOURS = 48
const BAR_CHARS = 40

/** The report for a terminal. Names from the log are shown with their invisible characters spelled out. */
export function reportText(report: HitReport, files: number): string {
  const from = `${files} ${files === 1 ? 'log' : 'logs'}`
  if (report.hits === 0) {
    return `No refused logins in ${from}: nobody reached mail_max_userip_connections.\n${ignoredText(report)}`
  }
  const span =
    report.firstAtMs === undefined || report.lastAtMs === undefined
      ? ''
      : `, ${time(report.firstAtMs)} to ${time(report.lastAtMs)}`
  return [
    `${counted(report.hits, 'refused login')} in ${from}${span}\n`,
    ignoredText(report),
    '\n',
    table(report.rows),
    '\n',
    hoursText(report),
    '\n',
    suggestions(report.rows),
  ].join('')
}

function ignoredText({ ignored, repeated }: HitReport): string {
  const ignoredLine =
    ignored === 0
      ? ''
      : `${counted(ignored, 'line')} left out: the words are there, but Dovecot did not say them (an attempted login name, a quotation).\n`
  const repeatedLine =
    repeated === 0 ? '' : `${counted(repeated, 'line')} left out: the same session, written twice.\n`
  return ignoredLine + repeatedLine
}

function table(rows: readonly ReportRow[]): string {
  const withHost = new Set(rows.map((row) => row.logHost)).size > 1
  const head = ['hits', 'user', 'client', 'service', 'limit', 'first', 'last', 'would do']
  const cells = rows
    .slice(0, MAX_ROWS)
    .map((row) => [
      String(row.hits),
      visibleText(row.user, 80) || '(none)',
      row.client ?? '?',
      row.service,
      row.limit === undefined ? '?' : String(row.limit),
      row.firstAtMs === undefined ? '?' : time(row.firstAtMs),
      row.lastAtMs === undefined ? '?' : time(row.lastAtMs),
      row.suggestedValue === undefined ? '-' : String(row.suggestedValue),
      ...(withHost ? [row.logHost ?? '?'] : []),
    ])
  const lines = [withHost ? [...head, 'host'] : head, ...cells]
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  const more = rows.length - cells.length
  if (more > 0) text.push(`… and ${more} more (--json has them all)`)
  return `${text.join('\n')}\n`
}

/** By the hour, or by the day when that would be too long. */
function hoursText(report: HitReport): string {
  if (report.hours.length === 0) return ''
  const byDay = report.hours.length > MAX_HOURS
  const counts = new Map<string, number>()
  for (const hour of report.hours) {
    const name = byDay ? time(hour.atMs).slice(0, 10) : `${time(hour.atMs).slice(0, 13)}:00`
    counts.set(name, (counts.get(name) ?? 0) + hour.hits)
  }
  const shown = [...counts].slice(-MAX_HOURS)
  const most = Math.max(...shown.map(([, hits]) => hits))
  const width = String(most).length
  const lines = shown.map(
    ([name, hits]) =>
      `${name}  ${String(hits).padStart(width)}  ${'█'.repeat(Math.max(1, Math.round((hits / most) * BAR_CHARS)))}`,
  )
  const left = counts.size - shown.length
  if (left > 0) lines.unshift(`… ${counted(left, byDay ? 'day' : 'hour')} before (--json has them all)`)
  return `${lines.join('\n')}\n`
}

/** For each service: the limit that would have done for nine of ten users, and the one for all. */
function suggestions(rows: readonly ReportRow[]): string {
  const lines: string[] = []
  for (const service of new Set(rows.map((row) => row.service))) {
    const values = rows
      .filter((row) => row.service === service)
      .flatMap((row) => row.suggestedValue ?? [])
      .sort((a, b) => a - b)
    const most = values[Math.ceil(values.length * 0.9) - 1]
    const all = values.at(-1)
    if (most === undefined || all === undefined) {
      lines.push(
        `${service}: the limit is as high as it should be; mend the clients that need so many connections.`,
      )
    } else if (most === all) lines.push(`${service}: a limit of ${all} would have done.`)
    else lines.push(`${service}: a limit of ${most} would have done for nine of ten, ${all} for all.`)
  }
  return `${lines.join('\n')}\nThe log does not show which connections are open; "maillimit run" asks the mail host before it proposes a raise.\n`
}

/** `2026-11-24 08:32:00` in this machine's zone. */
function time(atMs: number): string {
  const offsetMs = -new Date(atMs).getTimezoneOffset() * 60_000
  return new Date(atMs + offsetMs).toISOString().slice(0, 19).replace('T', ' ')
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}
