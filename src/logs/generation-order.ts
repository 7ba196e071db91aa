import type { LogFile } from './host-stream.ts'

/**
 * Oldest first, the live file last. Numbers and dates in names are stronger than times: a clock may be set back, and a file that was
 * just created looks older than the one that it replaces, to which lines are written until rsyslog opens the new one.
 */
export function byAge(a: LogFile, b: LogFile): number {
  if (a.live !== b.live) return a.live ? 1 : -1
  const numberA = rotationOf(a.path)
  const numberB = rotationOf(b.path)
  if (numberA !== undefined && numberB !== undefined && numberA !== numberB) return numberB - numberA
  const dateA = dateOf(a.path)
  const dateB = dateOf(b.path)
  if (dateA !== undefined && dateB !== undefined && dateA !== dateB) return dateA < dateB ? -1 : 1
  return a.mtimeMs - b.mtimeMs || (a.path < b.path ? -1 : 1)
}

/** What logrotate's `dateext` appends: `-20261124`, perhaps with more after it. */
function dateOf(path: string): string | undefined {
  return /-(20\d\d(?:0[1-9]|1[0-2])[0-3]\d[-_\d]*)(?:\.(?:gz|xz|zst|bz2))?$/.exec(path)?.[1]
}

function rotationOf(path: string): number | undefined {
  const number = /\.(\d{1,4})(?:\.(?:gz|xz|zst|bz2))?$/.exec(path)?.[1]
  return number === undefined ? undefined : Number(number)
}
