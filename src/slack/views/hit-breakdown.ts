import type { LimitHit } from '../../dovecot/limit-hit.ts'
import type { Piece } from './piece.ts'
import { utc } from './span.ts'

/** One row for each part of the line. A part that the line lacks says so: an empty cell is no table. */
export function hitBreakdown(hit: LimitHit): Piece {
  const absent = 'not in the line'
  const program = hit.program ?? 'dovecot'
  const pid = hit.logPid === undefined ? '' : `[${hit.logPid}]`
  const time = hit.timeText === '' ? absent : hit.timeText
  const rows: string[][] = [
    ['Time', hit.loggedAtMs === undefined ? time : `${time} (${utc(hit.loggedAtMs)})`],
    ['Host', hit.logHost ?? absent],
    ['Program', `${program}${pid}: ${hit.loginService}`],
    ['Event', eventText(hit)],
    ['Setting', hit.limit === undefined ? hit.setting : `${hit.setting} = ${hit.limit}`],
    ['User', userText(hit)],
    ['Method', hit.method ?? absent],
    ['Client IP (rip)', hit.rip ?? absent],
    ['Server IP (lip)', hit.lip ?? absent],
    ['TLS', hit.tls ?? 'no'],
    ['Session', hit.session ?? absent],
    ...hit.extras.slice(0, 8).map(([name, value]) => [name, value === '' ? 'present' : value]),
  ]
  return { kind: 'grid', head: ['In the log line', 'Value'], rows }
}

function eventText(hit: LimitHit): string {
  const what = 'Maximum number of connections from user+IP exceeded'
  const event = hit.event === '' ? what : `${hit.event}: ${what}`
  return hit.reasonTail === undefined ? event : `${event} (${hit.reasonTail})`
}

function userText(hit: LimitHit): string {
  if (hit.user === '') return '(empty)'
  return hit.userCut ? `${hit.user} (cut by Dovecot: several accounts can look alike)` : hit.user
}
