import { readFileSync } from 'node:fs'

/** A process that can be told from a later one with the same pid, even after a reboot of the machine. */
export type ProcessIdentity = {
  readonly pid: number
  readonly startedTicks: string
  readonly bootId: string
}

function identityOf(pid: number): ProcessIdentity | undefined {
  const startedTicks = startOf(pid)
  return startedTicks === undefined ? undefined : { pid, startedTicks, bootId: bootId() }
}

export function isAlive(process: ProcessIdentity): boolean {
  return process.bootId === bootId() && startOf(process.pid) === process.startedTicks
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and parentheses. A zombie counts as ended. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? undefined : rest[18]
  } catch {
    return undefined
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

export function ownIdentity(): ProcessIdentity {
  const self = identityOf(process.pid)
  if (self === undefined) throw new Error('/proc does not show this process')
  return self
}
