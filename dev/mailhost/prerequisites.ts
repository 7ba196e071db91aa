import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cgroupHierarchies } from './cgroups.ts'
import { run } from './run.ts'
import type { Progress } from './template.ts'

/** Program → the Debian package that has it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  debootstrap: 'debootstrap',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  nsenter: 'util-linux',
  ssh: 'openssh-client',
  'mkfs.xfs': 'xfsprogs',
  busybox: 'busybox',
  getfattr: 'attr',
}

const INOTIFY_LIMIT = '/proc/sys/fs/inotify/max_user_instances'

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string }

/** Whether mail hosts can be booted on this machine, if need be after installing Debian packages. */
export function canBootMailHosts(): Readiness {
  if (process.platform !== 'linux') return no(`this is ${process.platform}, not Linux`)
  if (process.getuid?.() !== 0) return no('not running as root')
  if (!maySysAdmin()) return no('root without CAP_SYS_ADMIN, as in an ordinary container')
  if (cgroupHierarchies().length === 0) return no('no writable cgroup hierarchy below /sys/fs/cgroup')
  if (!/\boverlay\b/.test(readFileSync('/proc/filesystems', 'utf8')) && !existsSync('/sys/module/overlay'))
    return no('the kernel has no overlay file system')
  const missing = missingPrograms()
  if (missing.length > 0 && !onPath('apt-get'))
    return no(`${missing.join(', ')} not found, and this is no Debian to install it from`)
  return { ready: true }
}

/** Installs what is missing (Debian packages; root), and lets the kernel watch enough files for many systemds. */
export async function ensurePrerequisites(progress: Progress = console.error): Promise<void> {
  const can = canBootMailHosts()
  if (!can.ready) throw new Error(`Mail hosts cannot be booted here: ${can.reason}.`)
  const packages = [...new Set(missingPrograms().map((program) => PROGRAMS[program] ?? program))]
  if (packages.length > 0) {
    progress(`installing ${packages.join(' ')} (apt-get)`)
    await aptGet('update', '-q')
    await aptGet('install', '-q', '-y', '--no-install-recommends', ...packages)
  }
  // 128 instances a user are the kernel's default; a booted systemd takes about six of root's.
  if (Number(readFileSync(INOTIFY_LIMIT, 'utf8')) < 2048) {
    progress(`setting fs.inotify.max_user_instances to 2048 until the next boot`)
    writeFileSync(INOTIFY_LIMIT, '2048')
  }
}

async function aptGet(...args: readonly string[]): Promise<void> {
  const result = await run(['apt-get', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (result.code !== 0) throw new Error(`apt-get ${args.join(' ')} failed: ${result.stderr.trim()}`)
}

function missingPrograms(): readonly string[] {
  return Object.keys(PROGRAMS).filter((program) => !onPath(program))
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Capability 21: mounts, namespaces. */
function maySysAdmin(): boolean {
  const effective = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${effective}`) & (1n << 21n)) !== 0n
}

function no(reason: string): Readiness {
  return { ready: false, reason }
}
