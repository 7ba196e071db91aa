import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChecked } from './run.ts'

/** Mounts a writable layer over a template, which stays as it is. */
export async function mountOverlay(template: string, layer: string, root: string): Promise<void> {
  const options = `lowerdir=${template},upperdir=${layer}/upper,workdir=${layer}/work`
  await runChecked(['mount', '-t', 'overlay', 'overlay', '-o', options, root])
  // Who follows a log waits for inotify, as on a real disk; on an overlay `tail` polls once a second instead.
  const logs = join(layer, 'log')
  if (!existsSync(logs)) await runChecked(['cp', '-a', join(root, 'var/log'), logs])
  await runChecked(['mount', '--bind', logs, join(root, 'var/log')])
}

/** Unmounts whatever is mounted at or below a folder, innermost first. */
export async function unmountBelow(folder: string): Promise<void> {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => unescape(line.split(' ')[1] ?? ''))
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
  for (const point of points.toReversed()) await runChecked(['umount', '--lazy', point])
}

/** The kernel writes blanks in mount points as octal escapes. */
function unescape(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)))
}
