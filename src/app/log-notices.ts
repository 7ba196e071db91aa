import type { NoticeNews } from '../incidents/notice.ts'
import type { OpsError } from '../lib/errors.ts'
import type { Gap } from '../logs/log-source.ts'
import type { Suppressed } from '../remediation/mail-host.ts'
import type { ConnectionFault } from './parts.ts'

/** How long such a notice stays open: it tells of the past, so nothing ends it but time. */
const SHOWN_FOR_MS = 30 * 60_000

const WHAT: Record<Gap['code'], string> = {
  deleted: 'A log file was deleted before it was read to its end',
  truncated: 'The log was truncated before it was read to its end',
  'compressed-early': 'A rotated log was compressed while lines were still written to it',
  nul: 'The log has a hole of NUL bytes, as after a crash',
  'too-long': 'A line was too long to be read',
  'journal-lost': 'The journal dropped entries before they were read',
}

const HINT: Record<Gap['code'], string> = {
  deleted:
    'Let logrotate keep more generations (rotate 7), so that an outage of the bot does not outlast them.',
  truncated:
    'Use create instead of copytruncate in the logrotate configuration of the mail log: copytruncate itself loses lines.',
  'compressed-early':
    'Add delaycompress to the logrotate configuration of the mail log: rsyslog goes on writing to the old file for a moment.',
  nul: 'Lines written just before a crash of the host are gone; there is nothing to mend in the bot.',
  'too-long': 'Dovecot does not write such lines; look at who else writes to this log.',
  'journal-lost': 'Raise SystemMaxUse= in journald.conf, or let rsyslog write a mail log.',
}

export const GAP_CODES = Object.keys(WHAT)

export function gapNotice(host: string, gap: Gap, nowMs: number): NoticeNews {
  return {
    host,
    code: 'gap',
    text: `${WHAT[gap.code]} on ${host}: ${gap.detail}. Limit hits in there are unknown for good.`,
    hint: HINT[gap.code],
    endsAtMs: nowMs + SHOWN_FOR_MS,
  }
}

/** The host answers, and its log is not read all the same: without a word this would look like a quiet day. */
export const NOT_READ = 'not-read'

export function notReadNotice(host: string, fault: OpsError): NoticeNews {
  return {
    host,
    code: NOT_READ,
    text: notReadText(host, fault),
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
  }
}

export const UNREACHABLE = 'unreachable'

export function unreachableNotice(host: string, fault: ConnectionFault | undefined): NoticeNews {
  return {
    host,
    code: UNREACHABLE,
    text: notReadText(host, fault ?? { message: `${host} does not answer` }),
    ...(fault?.hint === undefined ? {} : { hint: fault.hint }),
  }
}

function notReadText(host: string, { message }: { readonly message: string }): string {
  return `The log of ${host} cannot be read: ${message.replace(/\.$/, '')}. Refused logins there are not seen until it can; nothing in it is lost.`
}

/** As `doctor` says it; until the log appears there is nothing to read, which looks like a quiet day, too. */
export function noLogNotice(host: string): NoticeNews {
  return {
    host,
    code: NOT_READ,
    text: `No mail log was found on ${host}, so refused logins there are not seen.`,
    hint: NO_LOG_HINT,
  }
}

export const NO_LOG_HINT =
  'Name it in /etc/maillimit.conf on that host: log = /path/of/the/log, or log = journal.'

export function suppressedNotice(
  host: string,
  event: Pick<Suppressed, 'by' | 'count'>,
  nowMs: number,
): NoticeNews {
  const many = event.count === undefined ? 'messages' : `${event.count} messages`
  return {
    host,
    code: 'suppressed',
    text: `${event.by} on ${host} dropped ${many} by its rate limit, so the log is incomplete and counts are lower bounds.`,
    hint:
      event.by === 'journald'
        ? 'Raise RateLimitBurst= in /etc/systemd/journald.conf.'
        : 'Raise the rate limit of imuxsock or imjournal in rsyslog.conf.',
    endsAtMs: nowMs + SHOWN_FOR_MS,
  }
}
