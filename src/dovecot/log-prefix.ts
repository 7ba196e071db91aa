import type { LogClock } from './log-clock.ts'
import { type LogTime, logTime } from './log-time.ts'

/** What stands before Dovecot's own words: when, where, which instance. */
export type LogPrefix = {
  readonly loggedAtMs: number | undefined
  readonly timeText: string
  readonly logHost: string | undefined
  readonly program: string | undefined
  readonly logPid: number | undefined
}

/** No log writes a longer prefix; what is longer is somebody's text. */
const MAX_PREFIX_CHARS = 1024
/** A container's log has two (its own and the one around it), `docker compose logs` a third. */
const MAX_TIMES = 3

// No token holds a space, a colon or any of `<>=,()"`: a login name that contains a whole forged line stands after
// such characters, so nothing that a client sends can be part of a prefix.
const HOST = '(?:[^\\s:<>=,()"[\\]]{1,255}|[0-9A-Fa-f:.]{2,45})'
const PROGRAM = '[^\\s:<>=,()"[\\]]{1,128}'
const FACILITY =
  '(?:kern|user|mail|daemon|auth|authpriv|syslog|local[0-7])\\.(?:emerg|alert|crit|err|error|warn|warning|notice|info|debug)'

const PRIORITY = /<\d{1,3}>(1 )?/y
const COMPOSE = /[\w.-]{1,128} {1,64}\| /y
const AFTER_TIME = new RegExp(
  ` (?:<${FACILITY}> )?(?:(${HOST}) (?:${FACILITY} )?)?(${PROGRAM})(?:\\[(\\d{1,10})\\])?: {0,2}`,
  'y',
)
const FACILITY_FIRST = new RegExp(` ${FACILITY} (${PROGRAM})(?:\\[(\\d{1,10})\\])?: {0,2}`, 'y')
const PROGRAM_ALONE = new RegExp(`(${PROGRAM})(?:\\[(\\d{1,10})\\])?: {0,2}`, 'y')
const RFC5424 =
  /(\S{1,255}) (\S{1,48}) (\S{1,128}) \S{1,32} (?:-|(?:\[[^\]]{0,512}\]){1,8})(?: {1,2}(?:\ufeff)?|$)/y
const SOLARIS_ID = /\[ID \d{1,10} \w{1,16}\.\w{1,16}\] /y
const CONTAINER_STREAM = / (?:stdout|stderr) [FP] /y
const LEVEL = / Info: /y
const SPACE = / {1,2}/y

/**
 * Reads the whole text as a log line's prefix: syslog (RFC 3164 and 5424), rsyslog, journald's short forms,
 * Dovecot's own file, TAI64N, Solaris, a container's prefix around another. Undefined when any of it is something else.
 */
export function logPrefix(text: string, clock: LogClock): LogPrefix | undefined {
  if (text.length > MAX_PREFIX_CHARS) return undefined
  let at = 0
  let time: LogTime | undefined
  let logHost: string | undefined
  let program: string | undefined
  let logPid: number | undefined

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at += match[0].length
    return match
  }
  const named = (host: string | undefined, name: string | undefined, pid: string | undefined): void => {
    logHost = host ?? logHost
    program = name ?? program
    logPid = pid === undefined ? logPid : Number(pid)
  }

  let found = logTime(text, at, clock)
  const priority = found ? undefined : take(PRIORITY)
  if (!found && !priority && !take(COMPOSE)) {
    const alone = take(PROGRAM_ALONE)
    if (alone) named(undefined, alone[1], alone[2])
  }
  for (let times = 0; times < MAX_TIMES && at < text.length; times += 1) {
    found ??= logTime(text, at, clock)
    if (!found) break
    at = found.end
    // The innermost time is Dovecot's own, unless only an outer one says year and zone.
    time = time?.exact && !found.exact ? time : found
    found = undefined
    if (priority?.[1] !== undefined && times === 0) {
      take(SPACE)
      const fields = take(RFC5424)
      if (!fields) return undefined
      named(nil(fields[1]), nil(fields[2]), /^\d{1,10}$/.test(fields[3] ?? '') ? fields[3] : undefined)
      continue
    }
    if (take(CONTAINER_STREAM) || take(LEVEL)) continue
    const facilityFirst = take(FACILITY_FIRST)
    if (facilityFirst) named(undefined, facilityFirst[1], facilityFirst[2])
    else {
      const names = take(AFTER_TIME)
      if (names) named(names[1], names[2], names[3])
      else take(SPACE)
    }
    take(SOLARIS_ID)
  }
  if (at === 0) take(SOLARIS_ID)
  if (at < text.length) return undefined
  return { loggedAtMs: time?.atMs, timeText: time?.text ?? '', logHost, program, logPid }
}

function nil(field: string | undefined): string | undefined {
  return field === '-' ? undefined : field
}
