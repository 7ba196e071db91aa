import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { makeCgroups } from './cgroups.ts'

/** One run of a host's systemd, from power-on to power-off. */
export type Machine = {
  /** Pid, on this machine, of the host's process 1. */
  readonly leaderPid: number
  /** Settles when the host is off, however that came about. */
  readonly off: Promise<void>
}

export type MachineSettings = {
  /** Namespace, control group and machine name in one. */
  readonly id: string
  readonly hostname: string
  readonly root: string
  readonly consoleLog: string
  /** Whether the host goes when this process goes, even by SIGKILL. */
  readonly diesWithUs: boolean
}

/** Joins the control groups named before `--`, then becomes what stands after it. */
const JOIN_AND_EXEC = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec "$@"'

export async function powerOn(settings: MachineSettings): Promise<Machine> {
  const cgroupFiles = await makeCgroups(settings.id)
  const console = openSync(settings.consoleLog, 'a')
  const nspawn = ['systemd-nspawn', '--quiet', '--boot', '--register=no', '--keep-unit', '--link-journal=no']
  const surroundings = [
    '--resolv-conf=off',
    '--timezone=off',
    '--console=pipe',
    `--directory=${settings.root}`,
  ]
  const names = [`--machine=${settings.id}`, `--hostname=${settings.hostname}`]
  // nspawn killed would leave the host running; told to end, it ends the host, and with this signal at once.
  const end = '--kill-signal=SIGKILL'
  const network = `--network-namespace-path=/run/netns/${settings.id}`
  const leash = settings.diesWithUs ? ['setpriv', '--pdeathsig', 'TERM'] : []
  const argv = [
    '-c',
    JOIN_AND_EXEC,
    'sh',
    ...cgroupFiles,
    '--',
    ...leash,
    ...nspawn,
    ...surroundings,
    ...names,
    network,
    end,
  ]
  const child = spawn('sh', argv, {
    // nspawn would take a filter of system calls together at each boot, for a twelfth of what a boot costs; no real host has one.
    env: { ...process.env, SYSTEMD_SECCOMP: '0' },
    stdio: ['ignore', console, console],
    detached: true,
  })
  closeSync(console)
  if (!settings.diesWithUs) child.unref()
  let ended = false
  const off = new Promise<void>((resolve) => {
    const onEnd = (): void => {
      ended = true
      resolve()
    }
    child.on('exit', onEnd)
    child.on('error', onEnd)
  })
  return { leaderPid: await leaderOf(child, () => ended, settings.consoleLog), off }
}

/** The child of nspawn that is process 1 in a namespace of its own. */
async function leaderOf(child: ChildProcess, ended: () => boolean, consoleLog: string): Promise<number> {
  const deadline = performance.now() + 30_000
  while (!ended() && performance.now() < deadline) {
    for (const pid of childrenOf(child.pid)) if (isFirstInNamespace(pid)) return pid
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const said = readFileSync(consoleLog, 'utf8').trim().slice(-2000)
  throw new Error(`The mail host did not start. Its console says: ${said || 'nothing'}`)
}

function childrenOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return []
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

function isFirstInNamespace(pid: number): boolean {
  try {
    return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}
