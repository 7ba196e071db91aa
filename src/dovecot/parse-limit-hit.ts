import type { LimitHit } from './limit-hit.ts'
import type { LogClock } from './log-clock.ts'
import { type LogLine, logLine } from './log-line.ts'
import { loginElements } from './login-elements.ts'
import { serviceOfLogin } from './service-of-login.ts'
import { visibleText } from './visible-text.ts'

/** The words that every version writes, and only for this. Lines without them need not be parsed. */
export const LIMIT_HIT_WORDS = 'Maximum number of connections from user+IP exceeded'

const MAX_RAW_CHARS = 2000
const MAX_LIMIT = 4_294_967_295

/** `imap-login: `, in Dovecot's own file with the level, then what the versions put before the words. */
const SERVICE_BEFORE =
  /(?:^|[ \t\ufeff])((?!(?:Debug|Info|Warning|Error|Fatal|Panic): )([A-Za-z0-9][\w.-]{0,63}): (?:Info: )?(?:(Disconnected|Login aborted): )?)$/
const SERVICE_CHARS = 128
const SETTING_AFTER = /: | \(mail_max_userip_connections(?:=(\d{1,10}))?\)(?:: | (\())/y
/** 2.4 says why in parentheses, the second of them always this. */
const REASON_END = ') (connection_limit): '

/**
 * The limit hit that a log line reports, or undefined for every other line. Never throws, whatever the bytes; the time
 * is linear in the line's length.
 *
 * A failed login logs the attempted name raw, so anybody can write these words into the log. They count only where no
 * client's text can stand: right behind the login service's name, which itself stands right behind the log's prefix.
 */
export function parseLimitHit(line: Uint8Array, clock: LogClock): LimitHit | undefined {
  const source = logLine(line, clock)
  return source && limitHitIn(source)
}

/** The same, for a line that has been decoded already. */
export function limitHitIn(line: LogLine): LimitHit | undefined {
  const { text } = line
  const wordsAt = text.indexOf(LIMIT_HIT_WORDS)
  if (wordsAt === -1) return undefined
  const nearby = text.slice(Math.max(0, wordsAt - SERVICE_CHARS), wordsAt)
  const service = SERVICE_BEFORE.exec(nearby)
  if (!service) return undefined
  const [, intro = '', loginService = '', event = ''] = service
  const reason = reasonAfter(text, wordsAt + LIMIT_HIT_WORDS.length)
  if (!reason) return undefined
  const prefix = line.prefixUpTo(wordsAt - intro.length)
  if (!prefix) return undefined
  const elements = loginElements(text.slice(reason.end), reason.doubtful)
  if (!elements) return undefined
  return {
    ...prefix,
    loginService,
    service: serviceOfLogin(loginService),
    event,
    setting: 'mail_max_userip_connections',
    limit: reason.limit,
    reasonTail: reason.tail,
    ...elements,
    raw: visibleText(text, MAX_RAW_CHARS),
  }
}

type Reason = {
  readonly limit: number | undefined
  readonly tail: string | undefined
  readonly end: number
  /** 2.4 may quote the last failure here; when the end mark stands twice, one of them may be a quotation. */
  readonly doubtful: boolean
}

function reasonAfter(text: string, at: number): Reason | undefined {
  SETTING_AFTER.lastIndex = at
  const setting = SETTING_AFTER.exec(text)
  if (!setting) return undefined
  const limit = setting[1] === undefined ? undefined : Number(setting[1])
  if (limit !== undefined && limit > MAX_LIMIT) return undefined
  const start = at + setting[0].length
  if (setting[2] === undefined) return { limit, tail: undefined, end: start, doubtful: false }
  const marked = text.indexOf(REASON_END, start)
  const tailEnd = marked === -1 ? text.indexOf('): ', start) : marked
  if (tailEnd === -1) return undefined
  const end = tailEnd + (marked === -1 ? '): '.length : REASON_END.length)
  return {
    limit,
    tail: visibleText(text.slice(start, tailEnd), 500),
    end,
    doubtful: text.includes(marked === -1 ? '): user=<' : REASON_END, end),
  }
}
