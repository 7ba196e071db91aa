import { lineText, withoutControls } from './line-text.ts'
import type { LogPrefix } from './log-prefix.ts'

export type JournalEntry = { readonly message: string; readonly prefix: LogPrefix }

/**
 * One line of `journalctl -o json`. The journal vouches for the fields that begin with `_`: an entry whose `_UID` is
 * not root's was written by some local account in Dovecot's name, and is none.
 */
export function journalEntry(json: string): JournalEntry | undefined {
  const fields = jsonObject(json)
  if (fields === undefined) return undefined
  const uid = single(fields['_UID'])
  if (uid !== undefined && uid !== '0') return undefined
  const message = text(fields['MESSAGE'])
  if (message === undefined) return undefined
  const micros = single(fields['_SOURCE_REALTIME_TIMESTAMP']) ?? single(fields['__REALTIME_TIMESTAMP'])
  const loggedAtMs =
    micros !== undefined && /^\d{1,16}$/.test(micros) ? Math.floor(Number(micros) / 1000) : undefined
  const pid = single(fields['SYSLOG_PID']) ?? single(fields['_PID'])
  return {
    message,
    prefix: {
      loggedAtMs,
      timeText: loggedAtMs === undefined ? '' : new Date(loggedAtMs).toISOString(),
      logHost: single(fields['_HOSTNAME']),
      program: single(fields['SYSLOG_IDENTIFIER']),
      logPid: pid !== undefined && /^\d{1,10}$/.test(pid) ? Number(pid) : undefined,
    },
  }
}

function jsonObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** A field's text; where a field was given twice, which one is meant cannot be known. */
function single(value: unknown): string | undefined {
  return typeof value === 'string' ? withoutControls(value).slice(0, 255) : undefined
}

/** MESSAGE is a string, or an array of bytes when it is not valid UTF-8. */
function text(value: unknown): string | undefined {
  if (typeof value === 'string') return withoutControls(value)
  if (!Array.isArray(value) || !value.every((byte) => typeof byte === 'number')) return undefined
  return lineText(Uint8Array.from(value))
}
