import { type Logger, LogLevel } from '@slack/web-api'
import type { Log } from '../lib/log.ts'

/** Slack's libraries log through ours. Their debug lines hold whole messages and headers, so those are dropped unread. */
export function boltLog(log: Log): Logger {
  const words = (parts: readonly unknown[]) => ({ detail: scrub(parts.map(asText).join(' ')).slice(0, 500) })
  return {
    debug() {},
    info: (...parts) => log.debug(words(parts), 'slack library'),
    warn: (...parts) => log.warn(words(parts), 'slack library warns'),
    // What the library calls an error (a socket that closed) is handled and judged by the code around it.
    error: (...parts) => log.warn(words(parts), 'slack library reports a fault'),
    setLevel() {},
    getLevel: () => LogLevel.WARN,
    setName() {},
  }
}

/** No token ever reaches a log, whatever a library puts into its texts. */
export function scrub(text: string): string {
  return text
    .replace(/\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[\w.%-]+/gi, '[token]')
    .replace(/\b(wss?:\/\/[^\s?]+)\?\S*/g, '$1?[ticket]')
    .replace(/(\/(?:commands|actions|services|response)\/)\S+/g, '$1[secret]')
}

function asText(part: unknown): string {
  if (part instanceof Error) return `${part.name}: ${part.message}`
  return typeof part === 'string' ? part : (JSON.stringify(part) ?? String(part))
}
