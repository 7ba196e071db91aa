import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cgroupHierarchies, processesIn } from '../../dev/mailhost/cgroups.ts'
import { networkOf } from '../../dev/mailhost/network.ts'
import { cacheFolder } from '../../dev/mailhost/places.ts'
import { type HostRecord, readRecords } from '../../dev/mailhost/records.ts'

/** Everything that one run of the demo made on this machine, by name, each with how to see whether it is still there. */
export type Traces = ReadonlyMap<string, () => boolean | Promise<boolean>>

export async function tracesOf(demoPid: number): Promise<Traces> {
  const traces = new Map<string, () => boolean | Promise<boolean>>()
  for (const pid of childrenOf(demoPid)) if (isBot(pid)) traces.set(`bot process ${pid}`, () => isBot(pid))
  for (const path of await foldersOf(demoPid)) traces.set(`folder ${path}`, () => existsSync(path))
  const record = (await readRecords()).find(({ owner }) => owner?.pid === demoPid)
  for (const [name, look] of record === undefined ? [] : tracesOfHost(record)) {
    // Somebody else may have got the number since, and with it the names; or may have had it, and is gone since the first look.
    const isOthers = async () =>
      (await readRecords()).some(({ number, owner }) => number === record?.number && owner?.pid !== demoPid)
    traces.set(name, async () => (await look()) && !(await isOthers()) && look())
  }
  return traces
}

export async function stillThere(traces: Traces): Promise<readonly string[]> {
  const seen = await Promise.all([...traces].map(async ([name, look]) => ((await look()) ? [name] : [])))
  return seen.flat()
}

function tracesOfHost({ number, folder }: HostRecord): Traces {
  const { name } = networkOf(number)
  return new Map<string, () => boolean | Promise<boolean>>([
    [`host process of ${name}`, async () => (await processesIn(name)).length > 0],
    ['record', async () => (await readRecords()).some((other) => other.number === number)],
    ['network namespace', () => existsSync(`/run/netns/${name}`)],
    ['interface with its addresses', () => existsSync(`/sys/class/net/${name}`)],
    ['mounts', () => readFileSync('/proc/self/mounts', 'utf8').includes(` ${folder}/`)],
    ['files', () => existsSync(folder)],
    ['control groups', () => cgroupHierarchies().some((at) => existsSync(join(at, 'maillimit-hosts', name)))],
  ])
}

async function foldersOf(demoPid: number): Promise<readonly string[]> {
  const demos = join(cacheFolder(), 'demos')
  const names = await readdir(demos).catch(() => [])
  return names.filter((name) => name.startsWith(`${demoPid}.`)).map((name) => join(demos, name))
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && contentOf(`/proc/${name}/status`).includes(`\nPPid:\t${pid}\n`))
    .map(Number)
}

function isBot(pid: number): boolean {
  return contentOf(`/proc/${pid}/cmdline`).includes('bin/maillimit.js')
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
