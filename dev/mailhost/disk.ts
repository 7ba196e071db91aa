import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run, runChecked } from './run.ts'

/**
 * Where a host's changes go. `shared` is a folder of this machine's own file system: quick, and a power cut loses nothing that
 * was written. `xfs` is a disk of its own, as Enterprise Linux has it: a power cut loses whatever was not synced.
 */
export type DiskKind = 'shared' | 'xfs'

/** Makes the layer of a new host ready and tells its folder. */
export async function makeLayer(folder: string, kind: DiskKind): Promise<string> {
  if (kind === 'shared') return withParts(folder)
  const image = imageOf(folder)
  await runChecked(['truncate', '--size=512M', image])
  await runChecked(['mkfs.xfs', '-q', image])
  await mkdir(join(folder, 'disk'))
  await attach(folder)
  return withParts(join(folder, 'disk'))
}

/** What a power cut leaves: XFS stops at once, nothing in memory reaches the disk, and the next mount replays the journal. */
export async function losePower(folder: string): Promise<void> {
  await runChecked(['xfs_io', '-x', '-c', 'shutdown', join(folder, 'disk')])
}

export async function recoverDisk(folder: string): Promise<void> {
  await runChecked(['umount', join(folder, 'disk')])
  await attach(folder)
}

export async function detachDisk(folder: string): Promise<void> {
  if (!existsSync(imageOf(folder))) return
  // umount frees the loop device by itself; this is for a process that was killed between losetup and mount.
  const listed = await run(['losetup', '--noheadings', '--output', 'NAME', '--associated', imageOf(folder)])
  for (const device of listed.stdout.split('\n').filter(Boolean)) await run(['losetup', '--detach', device])
}

/**
 * On a loop device of its own each time: after a power cut the kernel may still hold the old one, with the file system that has
 * stopped, for a while, and `mount -o loop` would find that one again. `nouuid`, since for that while there are two of them.
 */
async function attach(folder: string): Promise<void> {
  const { stdout } = await runChecked(['losetup', '--find', '--show', imageOf(folder)])
  const device = stdout.trim()
  await runChecked(['mount', '-t', 'xfs', '-o', 'nouuid', device, join(folder, 'disk')])
  // While it is mounted this means: goes with the mount.
  await runChecked(['losetup', '--detach', device])
}

async function withParts(layer: string): Promise<string> {
  await mkdir(join(layer, 'upper'))
  await mkdir(join(layer, 'work'))
  return layer
}

function imageOf(folder: string): string {
  return join(folder, 'disk.img')
}
