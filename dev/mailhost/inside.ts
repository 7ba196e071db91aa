import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { run } from './run.ts'
import type { RunResult } from './run.ts'

export type InsideOptions = {
  /** An account of the host; root unless given. */
  readonly user?: string
  readonly input?: string | Uint8Array
}

const ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  HOME: '/root',
}

/** Runs a program inside the host whose process 1 is `leaderPid`, without ssh and without a shell. */
export function execInside(
  leaderPid: number,
  argv: readonly string[],
  options: InsideOptions = {},
): Promise<RunResult> {
  const input = options.input === undefined ? {} : { input: options.input }
  return run(insideArgv(leaderPid, argv, options.user), { env: ENVIRONMENT, ...input })
}

/** As `execInside`, for a conversation or a stream: the caller owns the child. */
export function spawnInside(
  leaderPid: number,
  argv: readonly string[],
  options: Pick<InsideOptions, 'user'> = {},
): ChildProcessWithoutNullStreams {
  const [file = '', ...args] = insideArgv(leaderPid, argv, options.user)
  return spawn(file, args, { env: ENVIRONMENT, stdio: 'pipe' })
}

function insideArgv(leaderPid: number, argv: readonly string[], user: string | undefined): readonly string[] {
  const enter = [
    'nsenter',
    '--target',
    String(leaderPid),
    '-m',
    '-u',
    '-i',
    '-n',
    '-p',
    '-C',
    '-r',
    '-w',
    '--',
  ]
  const become =
    user === undefined
      ? []
      : ['setpriv', '--reuid', user, '--regid', user, '--init-groups', '--reset-env', '--']
  return [...enter, ...become, ...argv]
}
