import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const PARENT = 'maillimit-hosts'

/**
 * Each host runs in control groups of its own, in every hierarchy that systemd uses for processes: cgroup v2, or with the
 * hybrid layout both `unified` and `systemd`. Two systemds in one group would kill each other's services.
 */
export function cgroupHierarchies(): readonly string[] {
  const all = existsSync('/sys/fs/cgroup/cgroup.procs')
    ? ['/sys/fs/cgroup']
    : ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd']
  return all.filter(isWritable)
}

/** Makes the groups and tells their `cgroup.procs` files: what writes its pid there belongs to them, and so do its children. */
export async function makeCgroups(name: string): Promise<readonly string[]> {
  const groups = cgroupHierarchies().map((hierarchy) => join(hierarchy, PARENT, name))
  for (const group of groups) await mkdir(group, { recursive: true })
  return groups.map((group) => join(group, 'cgroup.procs'))
}

/** Every process of a host, wherever its own systemd put it. */
export async function processesIn(name: string): Promise<readonly number[]> {
  const pids = new Set<number>()
  for (const hierarchy of cgroupHierarchies())
    for (const group of await groupsBelow(join(hierarchy, PARENT, name))) {
      const listed = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '')
      // 0 stands for a process that this pid namespace cannot see.
      for (const pid of listed.split('\n').map(Number)) if (pid > 1) pids.add(pid)
    }
  return [...pids]
}

/** Ends every process of a host at once. Not one by one: a number that was read a moment ago can be another process by now. */
export async function killProcesses(name: string): Promise<void> {
  const [hierarchy] = cgroupHierarchies()
  const group = join(hierarchy ?? '', PARENT, name)
  // Never powered on, or gone already.
  if (hierarchy === undefined || !existsSync(group)) return
  try {
    await writeFile(join(group, 'cgroup.kill'), '1')
  } catch (cause) {
    throw new Error('mail hosts need Linux 5.14 or later, which can end a whole control group', { cause })
  }
}

/** Removes the groups of a host that has ended; innermost first, as the kernel wants it. */
export async function removeCgroups(name: string): Promise<void> {
  for (const hierarchy of cgroupHierarchies()) {
    const parent = join(hierarchy, PARENT)
    for (const group of (await groupsBelow(join(parent, name))).toReversed()) await rmdir(group)
    // The last host takes the parent along.
    await rmdir(parent).catch(() => undefined)
  }
}

/** Stops every process of the host in its tracks: a host that answers nothing and closes nothing. */
export async function setFrozen(name: string, frozen: boolean): Promise<void> {
  const [hierarchy] = cgroupHierarchies()
  if (hierarchy === undefined) throw new Error('this machine has no cgroup v2 hierarchy')
  await writeFile(join(hierarchy, PARENT, name, 'cgroup.freeze'), frozen ? '1' : '0')
}

/** A group and all groups below it, outermost first. */
async function groupsBelow(group: string): Promise<string[]> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => [])
  const found = existsSync(group) ? [group] : []
  for (const entry of entries)
    if (entry.isDirectory()) found.push(...(await groupsBelow(join(group, entry.name))))
  return found
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
