import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../mailhost/places.ts'
import { isAlive, ownIdentity } from '../mailhost/process-identity.ts'

export type DemoFolder = AsyncDisposable & { readonly path: string }

/**
 * A folder for the bot's database and log. It goes with the demo; what a killed one left behind goes now. Its name says
 * whose it is, so that there is no instant at which that cannot be told.
 */
export async function makeDemoFolder(): Promise<DemoFolder> {
  const demos = join(cacheFolder(), 'demos')
  await mkdir(demos, { recursive: true, mode: 0o700 })
  for (const name of await readdir(demos)) if (isOrphaned(name)) await remove(join(demos, name))
  const { pid, startedTicks, bootId } = ownIdentity()
  const path = join(demos, `${pid}.${startedTicks}.${bootId}`)
  await mkdir(path)
  return { path, [Symbol.asyncDispose]: () => remove(path) }
}

function isOrphaned(name: string): boolean {
  const [pid = '', startedTicks = '', bootId = ''] = name.split('.')
  return !isAlive({ pid: Number(pid), startedTicks, bootId })
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 })
}
