import type { LimitHit } from './limit-hit.ts'
import type { LogClock } from './log-clock.ts'
import { type LogLine, logLine } from './log-line.ts'
import type { LogPrefix } from './log-prefix.ts'
import { LIMIT_HIT_WORDS, limitHitIn } from './parse-limit-hit.ts'
import { visibleText } from './visible-text.ts'

/** What a log line tells the bot. `text` is what the program said, without the log's prefix, safe to show. */
export type LogEvent =
  | { readonly kind: 'limit-hit'; readonly hit: LimitHit }
  /** Dovecot's master got a SIGHUP: evidence of a reload, never proof (any local account can write it). */
  | (Said & { readonly kind: 'reload-received' })
  | (Said & { readonly kind: 'master-error' })
  /** `service(imap): process_limit (1024) reached, client connections are being dropped`. */
  | (Said & {
      readonly kind: 'limit-reached'
      readonly setting: 'process_limit' | 'client_limit'
      readonly service: string
      readonly value: number
    })
  /** Clients hang because the service behind the login has no process for them. */
  | (Said & { readonly kind: 'logins-stalled'; readonly service: string })
  /** The log itself is incomplete: counts are lower bounds. `count` is undefined when only its beginning is reported. */
  | (Said & {
      readonly kind: 'messages-suppressed'
      readonly by: 'journald' | 'rsyslog'
      readonly count: number | undefined
    })

type Said = {
  readonly loggedAtMs: number | undefined
  readonly logHost: string | undefined
  readonly program: string | undefined
  readonly text: string
}

const MAX_TEXT_CHARS = 500
const MASTER = 'master: '
const LIMIT_REACHED = /^service\(([^()\s]{1,64})\): (process_limit|client_limit) \((\d{1,10})\) reached/
const STALLED = /^([A-Za-z0-9][\w.-]{0,63}): (?:(?:Info|Warning|Error): )?/
const STALLED_WORDS = '(destination service { process_limit } reached?'
const JOURNALD = /^Suppressed (\d{1,15}) messages from /
const IMJOURNAL = /^imjournal: (\d{1,15}) messages lost due to rate-limiting/
const IMUXSOCK = /^imuxsock(?:\[pid: \d{1,10}\])?:? (?:lost (\d{1,15})|begins to drop) messages from pid \d/

/**
 * What a line means to the bot; undefined for the many that mean nothing. Never throws. Like a limit hit, each event
 * counts only where the program itself speaks, never inside a text that a client sent.
 */
export function classifyLine(line: Uint8Array, clock: LogClock): LogEvent | undefined {
  const source = logLine(line, clock)
  if (!source) return undefined
  if (source.text.includes(LIMIT_HIT_WORDS)) {
    const hit = limitHitIn(source)
    return hit && { kind: 'limit-hit', hit }
  }
  return masterEvent(source) ?? suppressedEvent(source) ?? stalledEvent(source)
}

function masterEvent(line: LogLine): LogEvent | undefined {
  const at = line.text.indexOf(MASTER)
  const prefix = at === -1 ? undefined : line.prefixUpTo(at)
  if (!prefix) return undefined
  const words = line.text.slice(at + MASTER.length)
  const [, level, text = ''] = /^(Warning|Error|Fatal|Panic): (.*)$/s.exec(words) ?? []
  if (level === undefined) return undefined
  const said = saying(prefix, text)
  const [, service = '', setting, value] = LIMIT_REACHED.exec(text) ?? []
  if (setting === 'process_limit' || setting === 'client_limit') {
    return { kind: 'limit-reached', setting, service, value: Number(value), ...said }
  }
  if (level !== 'Warning') return { kind: 'master-error', ...said }
  return text.startsWith('SIGHUP received') ? { kind: 'reload-received', ...said } : undefined
}

/** Written by journald and rsyslog in their own names, so these names must stand in the prefix. */
function suppressedEvent(line: LogLine): LogEvent | undefined {
  const found = (words: string, pattern: RegExp, program: RegExp) => {
    const at = line.text.indexOf(words)
    const match = at === -1 ? null : pattern.exec(line.text.slice(at))
    const prefix = match ? line.prefixUpTo(at) : undefined
    if (!match || !prefix || !program.test(prefix.program ?? '')) return undefined
    const count = match[1] === undefined ? undefined : Number(match[1])
    return { count, ...saying(prefix, line.text.slice(at)) }
  }
  const journald = found('Suppressed ', JOURNALD, /^systemd-journald?$/)
  if (journald) return { kind: 'messages-suppressed', by: 'journald', ...journald }
  const rsyslog = found('imjournal: ', IMJOURNAL, /^rsyslogd/) ?? found('imuxsock', IMUXSOCK, /^rsyslogd/)
  return rsyslog && { kind: 'messages-suppressed', by: 'rsyslog', ...rsyslog }
}

function stalledEvent(line: LogLine): LogEvent | undefined {
  const wordsAt = line.text.indexOf(STALLED_WORDS)
  if (wordsAt === -1) return undefined
  // Whatever a client chose stands behind the first `user=<`.
  const own = line.text.slice(0, wordsAt)
  if (own.includes('user=<')) return undefined
  const serviceAt = own.search(/[\w.-]{1,64}-login[\w.-]{0,16}: /)
  const prefix = serviceAt === -1 ? undefined : line.prefixUpTo(serviceAt)
  const service = prefix && STALLED.exec(own.slice(serviceAt))
  if (!prefix || !service) return undefined
  return { kind: 'logins-stalled', service: service[1] ?? '', ...saying(prefix, line.text.slice(serviceAt)) }
}

function saying(prefix: LogPrefix, text: string): Said {
  const { loggedAtMs, logHost, program } = prefix
  return { loggedAtMs, logHost, program, text: visibleText(text, MAX_TEXT_CHARS) }
}
