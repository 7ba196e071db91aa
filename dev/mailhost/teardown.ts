import { rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { killProcesses, processesIn, removeCgroups, setFrozen } from './cgroups.ts'
import { detachDisk } from './disk.ts'
import { withFileLock } from './file-lock.ts'
import { unmountBelow } from './mounts.ts'
import { closeNetwork, networkOf } from './network.ts'
import { RECORDS_LOCK } from './places.ts'
import { isAlive } from './process-identity.ts'
import { readRecords, removeRecord } from './records.ts'
import type { HostRecord } from './records.ts'

/** Ends a host and removes everything that it was: processes, groups, network, mounts, files and, last of all, its record. */
export async function tearDown(record: HostRecord): Promise<void> {
  const network = networkOf(record.number)
  await setFrozen(network.name, false).catch(() => undefined)
  await killAll(network.name)
  await removeCgroups(network.name)
  await closeNetwork(network.name)
  const root = await stat(join(record.folder, 'root')).catch(() => undefined)
  await unmountBelow(record.folder)
  await detachDisk(record.folder)
  await rm(record.folder, { recursive: true, force: true })
  // nspawn leaves these behind when it is killed.
  await rmdir(`/run/systemd/nspawn/propagate/${network.name}`).catch(() => undefined)
  if (root !== undefined) await rm(`/run/systemd/nspawn/locks/inode-${root.dev}:${root.ino}`, { force: true })
  await removeRecord(record.number)
}

/** Clears away the hosts whose owners have ended without doing so; tells which. */
export async function sweep(): Promise<readonly HostRecord[]> {
  const orphaned = ({ owner }: HostRecord): boolean => owner !== null && !isAlive(owner)
  if (!(await readRecords()).some(orphaned)) return []
  return withFileLock(
    RECORDS_LOCK,
    () => undefined,
    async () => {
      const orphans = (await readRecords()).filter(orphaned)
      for (const record of orphans) await tearDown(record)
      return orphans
    },
  )
}

async function killAll(group: string): Promise<void> {
  for (let tries = 0; tries < 6_000; tries += 1) {
    await killProcesses(group)
    if ((await processesIn(group)).length === 0) return
    await sleep(10)
  }
  throw new Error(`Processes of ${group} do not end: ${(await processesIn(group)).join(' ')}`)
}
