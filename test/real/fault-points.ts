import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { seenFromOutside } from './host-state.ts'
import { until } from './until.ts'

/** A call of a program by the helper that works on a change: a point at which something can happen to it. */
export type FaultPoint = {
  /** The step of the transcript that is under way, as far as its records say. */
  readonly step: string
  /** The call, as a pattern of the shell: the program without its folder, and its arguments. */
  readonly call: string
  /** Which of the calls in this step that fit. */
  readonly nth: number
}

/** Programs that the helper runs and that have a say in whether a change is whole. */
const PROGRAMS = [
  'cp',
  'date',
  'diff',
  'doveconf',
  'flock',
  'journalctl',
  'mv',
  'rm',
  'sha256sum',
  'sync',
  'systemctl',
  'unshare',
] as const

/** In the order of the transcript; `end` is what follows the last of them. */
export const STEPS: readonly string[] = [
  'lock',
  'heal',
  'check',
  'try',
  'backup',
  'write',
  'install',
  'diff',
  'validate',
  'before',
  'reload',
  'proof',
  'effective',
  'after',
  'end',
]

/**
 * Stands before the real program. Only what the detached helper of one change runs counts, and only while /run/fault-at names a point.
 * There, before anything is done, it kills everything from itself up to process 1, or waits while /run/fault-hold is there.
 * It starts no program that it can do without, and waits for no other, being called so often.
 * A point "any call, the Nth" is also reached by the first call of a later step, since how often a step waits varies.
 */
const SHIM = `#!/bin/dash
name=\${0##*/}
call=$name\${*:+ $*}
mine=
if [ -e /run/fault-at ] && read -r id step nth pattern </run/fault-at; then
  while read -r group; do
    case $group in *"maillimit-$id-"* | *maillimit-*again-"$id-"*) mine=yes ;; esac
  done </proc/self/cgroup
fi
if [ -n "$mine" ]; then
  steps=0
  while read -r kind _ || [ -n "$kind" ]; do
    [ "$kind" != step ] || steps=$((steps + 1))
  done <"/var/lib/maillimit/records/$id/transcript"
  in_one_line() { printf '%s\\n' "$*"; }
  set -f
  in_one_line "$steps" $call >>/run/fault-log
  counts=
  case $call in $pattern) [ "$steps" -ne "$step" ] || counts=yes ;; esac
  [ "$pattern" != '*' ] || [ "$steps" -le "$step" ] || counts=late
  reached=
  if [ -n "$counts" ]; then
    exec 3>/run/fault-lock # some run side by side
    flock.real 3
    count=0
    [ ! -e /run/fault-count ] || read -r count </run/fault-count
    count=$((count + 1))
    echo "$count" >/run/fault-count
    if [ -e /run/fault-at ] && { [ "$count" -eq "$nth" ] || [ "$counts" = late ]; }; then
      mv.real /run/fault-at /run/fault-was
      reached=yes
    fi
    exec 3>&-
  fi
  if [ -n "$reached" ]; then
    echo "$call" >/run/fault-reached.new
    mv.real /run/fault-reached.new /run/fault-reached
    if [ -e /run/fault-hold ]; then
      while [ -e /run/fault-hold ]; do sleep 0.05; done
    else
      victims=$$
      pid=$PPID
      while [ "$pid" -gt 1 ]; do
        victims="$pid $victims"
        pid=$(sed -n 's/^PPid:.//p' "/proc/$pid/status")
      done
      kill -KILL $victims
    fi
  fi
fi
exec "\${0%/*}/$name.real" "$@"
`

/** Puts the shims into a mail host, which serves for nothing else afterwards. */
export async function armFaultPoints(
  host: MailHost,
  programs: ReadonlyArray<(typeof PROGRAMS)[number]> = PROGRAMS,
): Promise<void> {
  await host.writeFile('/root/shim', SHIM)
  await host.run([
    'sh',
    '-c',
    `chmod 755 /root/shim
     for name in cp flock mv ${programs.join(' ')}; do
       path=$(command -v "$name")
       cp -Lf "$path" "$path.real"
     done
     for name in ${programs.join(' ')}; do
       path=$(command -v "$name")
       cp.real /root/shim "$path.shim" && mv.real -f "$path.shim" "$path"
     done
     sync`,
  ])
}

/** All points of a change that nothing disturbs. */
export async function faultPointsOf(
  host: MailHost,
  id: string,
  change: () => Promise<unknown>,
): Promise<readonly FaultPoint[]> {
  await faultAt(host, id, { step: 'end', call: 'nothing', nth: 1 }, 'hold')
  await change()
  const calls = await faultCalls(host)
  await rm(seenFromOutside(host, '/run/fault-at'), { force: true })
  await release(host)
  const seen = new Map<string, number>()
  return calls.map(({ step }) => {
    const nth = (seen.get(step) ?? 0) + 1
    seen.set(step, nth)
    return { step, call: '*', nth }
  })
}

/** Every call so far of the change for which a point was set last. */
export async function faultCalls(
  host: MailHost,
): Promise<ReadonlyArray<{ readonly step: string; readonly call: string }>> {
  const { stdout } = await host.exec(['cat', '/run/fault-log'])
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [steps = '', ...call] = line.trim().split(' ')
      return { step: STEPS[Number(steps)] ?? 'end', call: call.join(' ') }
    })
}

/** From now on, the helper that works on `id` dies, or is held, at this point; once. */
export async function faultAt(
  host: MailHost,
  id: string,
  { step, call, nth }: FaultPoint,
  what: 'kill' | 'hold',
): Promise<void> {
  const run = seenFromOutside(host, '/run')
  const old = (await readdir(run)).filter((name) => name.startsWith('fault-'))
  await Promise.all(old.map((name) => rm(join(run, name), { force: true })))
  if (what === 'hold') await writeFile(join(run, 'fault-hold'), '')
  await writeFile(join(run, 'fault-at.new'), `${id} ${STEPS.indexOf(step)} ${nth} ${call}\n`)
  await rename(join(run, 'fault-at.new'), join(run, 'fault-at'))
}

/** Waits until the point is reached, and tells which call it was; throws when it was not, with what was called instead. */
export async function faultReached(host: MailHost): Promise<string> {
  try {
    return await until(
      async () =>
        (await readFile(seenFromOutside(host, '/run/fault-reached'), 'utf8').catch(() => '')).trim(),
      (call) => call !== '',
    )
  } catch {
    const calls = (await faultCalls(host)).map(({ step, call }) => `${step}: ${call.slice(0, 120)}`)
    const { stdout: point } = await host.exec(['cat', '/run/fault-at'])
    throw new Error(
      `the point ${point.trim()} was not reached; the calls were\n${calls.slice(-30).join('\n')}`,
    )
  }
}

/** Lets a held helper go on. */
export async function release(host: MailHost): Promise<void> {
  await rm(seenFromOutside(host, '/run/fault-hold'), { force: true })
}
