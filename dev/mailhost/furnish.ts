import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MailHost } from './mail-host.ts'
import type { HostNetwork } from './network.ts'
import type { HostRecord } from './records.ts'
import { runChecked } from './run.ts'
import { writeSshConfig } from './ssh-config.ts'

/** What makes a copy of the template this very host: its names, its machine id, its host keys; and our way in by ssh. */
export async function furnish(
  record: HostRecord,
  network: HostNetwork,
  logRateLimit: boolean,
): Promise<Pick<MailHost, 'hostKeys' | 'sshConfig' | 'filesFolder'>> {
  const root = join(record.folder, 'root')
  await writeFile(join(root, 'etc/hostname'), `${record.name}\n`)
  await writeFile(
    join(root, 'etc/hosts'),
    `127.0.0.1 localhost\n::1 localhost\n${network.address} ${record.name}\n`,
  )
  await writeFile(join(root, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`)
  if (logRateLimit) await rm(join(root, 'etc/systemd/journald.conf.d/no-rate-limit.conf'))

  const names = [record.name, network.address, network.address6].join(',')
  const hostKeys: string[] = []
  for (const type of ['ed25519', 'ecdsa']) {
    const file = join(root, `etc/ssh/ssh_host_${type}_key`)
    await makeKey(file, type)
    const [algorithm, key] = (await readFile(`${file}.pub`, 'utf8')).split(' ')
    hostKeys.push(`${names} ${algorithm} ${key?.trim()}`)
  }

  const filesFolder = join(record.folder, 'files')
  await mkdir(filesFolder, { mode: 0o700 })
  const rootKey = join(filesFolder, 'root_key')
  await makeKey(rootKey, 'ed25519')
  await mkdir(join(root, 'root/.ssh'), { mode: 0o700, recursive: true })
  await appendFile(join(root, 'root/.ssh/authorized_keys'), await readFile(`${rootKey}.pub`), { mode: 0o600 })
  const ssh = await writeSshConfig(filesFolder, 'root', {
    alias: record.name,
    address: network.address,
    user: 'root',
    keyPath: rootKey,
    hostKeys,
  })
  return { hostKeys, sshConfig: ssh.configPath, filesFolder }
}

async function makeKey(file: string, type: string): Promise<void> {
  await runChecked(['ssh-keygen', '-q', '-t', type, '-N', '', '-C', 'maillimit-test', '-f', file])
}
