import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RECORDS_FOLDER } from './places.ts'
import type { ProcessIdentity } from './process-identity.ts'
import type { Release } from './recipe.ts'

/** What is known of a host on this machine, from before it exists until after it is gone. */
export type HostRecord = {
  /** 1 to 254; its names, addresses and groups follow from it. */
  readonly number: number
  readonly name: string
  readonly release: Release
  /** Where its files are. */
  readonly folder: string
  /** With it the host lives and dies; null: until somebody takes it down. */
  readonly owner: ProcessIdentity | null
  /** Process 1 of the host, once it has booted. */
  readonly leaderPid: number | null
}

export async function readRecords(): Promise<readonly HostRecord[]> {
  const names = await readdir(RECORDS_FOLDER).catch(() => [])
  const records: HostRecord[] = []
  for (const name of names) {
    if (!/^\d+\.json$/.test(name)) continue
    // Another host may just be going.
    const text = await readFile(join(RECORDS_FOLDER, name), 'utf8').catch(unlessGone)
    if (text !== undefined) records.push(JSON.parse(text) as HostRecord)
  }
  return records.sort((a, b) => a.number - b.number)
}

export async function writeRecord(record: HostRecord): Promise<void> {
  await mkdir(RECORDS_FOLDER, { recursive: true })
  const file = fileOf(record.number)
  await writeFile(`${file}.new`, JSON.stringify(record))
  await rename(`${file}.new`, file)
}

export async function removeRecord(number: number): Promise<void> {
  await rm(fileOf(number), { force: true })
}

function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  throw error
}

function fileOf(number: number): string {
  return join(RECORDS_FOLDER, `${number}.json`)
}
