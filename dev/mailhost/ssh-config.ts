import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type SshEntry = {
  readonly alias: string
  readonly address: string
  readonly user: string
  readonly keyPath: string
  readonly hostKeys: readonly string[]
}

/** What an ssh client needs, by path. */
export type SshFiles = {
  readonly alias: string
  readonly keyPath: string
  readonly knownHostsPath: string
  readonly configPath: string
}

/** Writes `PREFIX_config` and `PREFIX_known_hosts`, which name nothing outside the folder: `ssh -F …/PREFIX_config ALIAS`. */
export async function writeSshConfig(folder: string, prefix: string, entry: SshEntry): Promise<SshFiles> {
  const knownHostsPath = join(folder, `${prefix}_known_hosts`)
  const configPath = join(folder, `${prefix}_config`)
  await writeFile(knownHostsPath, `${entry.hostKeys.join('\n')}\n`)
  const config = [
    `Host ${entry.alias}`,
    `  HostName ${entry.address}`,
    `  User ${entry.user}`,
    `  IdentityFile ${entry.keyPath}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${knownHostsPath}`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '  BatchMode yes',
  ]
  await writeFile(configPath, `${config.join('\n')}\n`)
  return { alias: entry.alias, keyPath: entry.keyPath, knownHostsPath, configPath }
}
