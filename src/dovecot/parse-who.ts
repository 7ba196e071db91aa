import { canonicalAddress } from './canonical-address.ts'
import type { Session } from './session.ts'

/** Rows that are not sessions are counted, never guessed: a name with a TAB or a line end in it can look like several. */
export type Who = { readonly sessions: readonly Session[]; readonly unreadableRows: number }

/**
 * Reads `doveadm -f tab who -1`. The columns are found by the header's names, which differ:
 * 2.3 `username proto pid ip`, 2.4 `username service pid ip dest_ip`. Undefined when the header is another one.
 */
export function parseWho(output: string): Who | undefined {
  const [header = '', ...rows] = output.replace(/\r?\n$/, '').split(/\r?\n/)
  const names = header.split('\t')
  const column = (...wanted: readonly string[]): number => names.findIndex((name) => wanted.includes(name))
  const [user, service, pid, ip, destIp] = [
    column('username'),
    column('proto', 'service'),
    column('pid'),
    column('ip'),
    column('dest_ip'),
  ]
  if (user < 0 || service < 0 || pid < 0 || ip < 0) return undefined
  const sessions: Session[] = []
  let unreadableRows = 0
  for (const row of rows) {
    const cells = row.split('\t')
    const pidText = cells[pid] ?? ''
    if (cells.length !== names.length || !/^\d{1,10}$/.test(pidText)) {
      unreadableRows += 1
      continue
    }
    sessions.push({
      user: cells[user] ?? '',
      service: cells[service] ?? '',
      pid: Number(pidText),
      ip: cells[ip] ?? '',
      destIp: address(destIp < 0 ? undefined : cells[destIp]),
    })
  }
  return { sessions, unreadableRows }
}

function address(text: string | undefined): string | undefined {
  return text !== undefined && canonicalAddress(text) !== undefined ? text : undefined
}
