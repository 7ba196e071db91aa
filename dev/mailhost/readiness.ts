import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execInside } from './inside.ts'
import type { Machine } from './machine.ts'

const TIMEOUT_MS = 60_000

/** Resolves when the host has booted with nothing failed, and SSH, IMAP and POP3 are listened for. */
export async function untilReady(machine: Machine, consoleLog: string): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS
  const fault = (what: string): Error =>
    new Error(`The mail host ${what}. Its console says: ${readFileSync(consoleLog, 'utf8').slice(-3000)}`)
  let off = false
  void machine.off.then(() => (off = true))

  for (;;) {
    // --wait answers at the end of the boot; before systemd takes questions it fails at once.
    const leftS = String(Math.ceil((deadline - performance.now()) / 1000))
    const ask = ['timeout', leftS, 'systemctl', 'is-system-running', '--wait']
    const { stdout, stderr } = await execInside(machine.leaderPid, ask)
    const state = stdout.trim()
    if (state === 'running') break
    if (state === 'degraded') {
      const failed = await execInside(machine.leaderPid, ['systemctl', '--failed', '--no-legend', '--plain'])
      throw fault(`booted with failed units: ${failed.stdout.trim()}`)
    }
    if (off) throw fault('went off while booting')
    if (performance.now() > deadline)
      throw fault(`is not up after ${TIMEOUT_MS} ms (${state || stderr.trim()})`)
    await sleep(25)
  }
  while (!listensOn(machine.leaderPid, [22, 110, 143])) {
    if (performance.now() > deadline) throw fault('does not listen for SSH, POP3 and IMAP')
    await sleep(25)
  }
}

/** Looks instead of connecting: a new host's log has no lines of ours. */
function listensOn(leaderPid: number, ports: readonly number[]): boolean {
  const sockets = readFileSync(`/proc/${leaderPid}/net/tcp`, 'latin1')
  return ports.every((port) => {
    const local = port.toString(16).toUpperCase().padStart(4, '0')
    return new RegExp(`: [0-9A-F]{8}:${local} [0-9A-F:]+ 0A `).test(sockets)
  })
}
