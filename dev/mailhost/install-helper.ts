import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MailHost } from './mail-host.ts'
import { runChecked } from './run.ts'
import { writeSshConfig } from './ssh-config.ts'
import type { SshFiles } from './ssh-config.ts'

const HOST_FOLDER = fileURLToPath(new URL('../../host', import.meta.url))

export type InstalledHelper = SshFiles & {
  /** The key's line, as it was given to `host/install`. */
  readonly publicKey: string
}

/**
 * Installs the host side as an administrator would: copies the folder `host/` into the mail host and runs its `install` there
 * with a new client key. Returns what an ssh client needs to reach the account `maillimit`.
 */
export async function installHelper(host: MailHost): Promise<InstalledHelper> {
  const keyPath = join(host.filesFolder, 'maillimit_key')
  await runChecked(['rm', '-f', keyPath, `${keyPath}.pub`])
  await runChecked(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'maillimit-bot', '-f', keyPath])
  const publicKey = await readFile(`${keyPath}.pub`, 'utf8')

  const archive = await runChecked([
    'tar',
    '--create',
    '--directory',
    HOST_FOLDER,
    '--owner=0',
    '--group=0',
    '.',
  ])
  await host.run(['mkdir', '-p', '/root/host'])
  await host.run(['tar', '--extract', '--directory', '/root/host', '--no-same-owner'], {
    input: archive.stdoutBytes,
  })
  await host.writeFile('/root/maillimit_key.pub', publicKey)
  await host.run(['/root/host/install', '/root/maillimit_key.pub'])

  const { name: alias, address, hostKeys } = host
  const user = 'maillimit'
  const files = await writeSshConfig(host.filesFolder, user, { alias, address, user, keyPath, hostKeys })
  return { ...files, publicKey: publicKey.trim() }
}
