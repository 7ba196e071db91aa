import type { NoticeNews } from '../incidents/notice.ts'
import type { LogTrouble } from '../logs/log-source.ts'
import type { FollowParts } from './follow-host.ts'
import { NO_LOG_HINT, NOT_READ } from './log-notices.ts'
import type { WatchedHost } from './parts.ts'

/** People are told of a log of which nothing can be read only after this: it may be about to appear, and a line about to end. */
const TELL_AFTER_MS = 120_000

const TEXT: Record<LogTrouble, { readonly detail: string; readonly hint: string }> = {
  absent: {
    detail: 'There is no log yet, nor a rotated one; it will be read from its first line on.',
    hint: NO_LOG_HINT,
  },
  'endless-line': {
    detail:
      'The log ends in a line of more than 64 KiB that has no end yet; what comes behind it is read as soon as it has one.',
    hint: 'Look at the end of the log on that host (tail -c 300). Dovecot writes no such lines: find out who else writes to it.',
  },
}

export function troubleText(trouble: LogTrouble): { readonly detail: string; readonly hint: string } {
  return TEXT[trouble]
}

/** What was read last says that nothing more can be for now, or, undefined, that all is well (again). */
export async function noteTrouble(
  host: WatchedHost,
  trouble: LogTrouble | undefined,
  parts: Pick<FollowParts, 'store' | 'clock' | 'metrics' | 'lane' | 'stored'>,
): Promise<void> {
  const { reading } = host
  const { store, clock } = parts
  if (trouble === undefined) {
    if (reading.trouble === undefined) return
    reading.trouble = undefined
    await store.endNotice(host.name, NOT_READ)
    parts.stored()
    return
  }
  parts.metrics.hostUp.set({ host: host.name }, 0)
  if (reading.trouble?.kind !== trouble) {
    reading.trouble = { kind: trouble, sinceMs: clock.now(), isTold: false }
  }
  if (reading.trouble.isTold || clock.now() - reading.trouble.sinceMs < TELL_AFTER_MS) return
  reading.trouble = { ...reading.trouble, isTold: true }
  await store.openNotice(troubleNotice(host.name, trouble), parts.lane)
  parts.stored()
}

function troubleNotice(host: string, trouble: LogTrouble): NoticeNews {
  const { detail, hint } = TEXT[trouble]
  const text = `Nothing of the log of ${host} can be read. ${detail} Refused logins there are not seen until then.`
  return { host, code: NOT_READ, text, hint }
}
