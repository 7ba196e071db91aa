import { bootMailHost } from './boot.ts'
import type { BootOptions } from './boot.ts'
import type { MailHost } from './mail-host.ts'
import { canBootMailHosts, ensurePrerequisites } from './prerequisites.ts'
import type { Release } from './recipe.ts'

/**
 * A mail host of one's own for the length of a test: `await using host = await lease('trixie')`.
 * Each lease is a fresh boot over an untouched template, which takes about half a second: quicker than putting a used host
 * back, and nothing of the last test can be left in it. The host ends with the lease, or with the process, even by SIGKILL.
 */
export async function lease(release: Release, options: Omit<BootOptions, 'release'> = {}): Promise<MailHost> {
  await ensurePrerequisites()
  return bootMailHost({ ...options, release })
}

/**
 * Whether tests that need a mail host must be skipped: `describe.skipIf(noMailHosts())`. Prints the reason in one line; with
 * CI=true a missing prerequisite is a failure instead, lest a green run mean that nothing was tried.
 */
export function noMailHosts(): boolean {
  const can = canBootMailHosts()
  if (can.ready) return false
  if (process.env['CI'] === 'true') throw new Error(`CI must be able to boot mail hosts, but ${can.reason}.`)
  console.warn(`skipped: mail hosts cannot be booted here (${can.reason})`)
  return true
}
