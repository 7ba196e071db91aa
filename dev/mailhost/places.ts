import { join } from 'node:path'

/** Templates, and the files of running hosts. On a disk, not in memory: hundreds of megabytes, and fsync should cost what it costs. */
export function cacheFolder(): string {
  return process.env['MAILLIMIT_CACHE'] ?? '/var/cache/maillimit'
}

export function templateFolder(release: string, hash: string): string {
  return join(cacheFolder(), 'templates', `${release}-${hash}`)
}

/** The records of all hosts on this machine, whatever their cache: numbers, and so addresses, must differ. */
export const RECORDS_FOLDER = '/run/maillimit-hosts'

export const RECORDS_LOCK = join(RECORDS_FOLDER, 'lock')
