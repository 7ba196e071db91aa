import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { canBootMailHosts } from '../../dev/mailhost/prerequisites.ts'

const CLI = resolve(import.meta.dirname, '../../dev/mailhost/cli.ts')

/**
 * Begins to build all templates of mail hosts at the same time, in the background: on a machine that has none yet this takes a minute or two,
 * while the first tests run. Whoever needs one waits for it.
 */
export function setup(): void {
  if (!canBootMailHosts().ready) return
  const build = spawn(process.execPath, [CLI, 'build'], { stdio: 'ignore', detached: true })
  build.on('error', () => undefined)
  build.unref()
}
