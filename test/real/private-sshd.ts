import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const SSHD = '/usr/sbin/sshd'

/** OpenSSH's own server on a private port, with its own keys and configuration, for the account that runs the tests. */
export type PrivateSshd = AsyncDisposable & {
  readonly folder: string
  readonly port: number
  /** An ssh_config that has the alias `mail1`. */
  readonly configFile: string
  readonly knownHosts: string
  readonly log: () => string
}

/** The words of a missing prerequisite, printed once; with CI=true it is an error. */
export function noSshd(): boolean {
  const missing = !existsSync(SSHD)
    ? 'openssh-server is not installed'
    : process.getuid?.() === 0
      ? undefined
      : 'sshd needs root'
  if (missing === undefined) return false
  if (process.env['CI'] === 'true') throw new Error(missing)
  console.log(`skipped: ${missing}`)
  return true
}

/** `forced`: a shell command that stands in for the helper. `server` and `client`: further lines of either configuration. */
export async function privateSshd(options: {
  readonly forced: string
  readonly hostKeyTypes?: readonly ('ed25519' | 'rsa' | 'ecdsa')[]
  readonly keyType?: 'ed25519' | 'rsa' | 'ecdsa'
  readonly restrict?: string
  readonly server?: string
  readonly client?: string
}): Promise<PrivateSshd> {
  const folder = mkdtempSync(join(tmpdir(), 'sshd-'))
  const port = await freePort()
  mkdirSync('/run/sshd', { recursive: true })
  const types = options.hostKeyTypes ?? ['ed25519']
  for (const type of types) keygen(type, join(folder, `host_${type}`))
  keygen(options.keyType ?? 'ed25519', join(folder, 'key'))
  const helper = join(folder, 'helper')
  writeFileSync(helper, `#!/bin/sh\n${options.forced}\n`)
  chmodSync(helper, 0o755)
  const publicKey = readFileSync(join(folder, 'key.pub'), 'utf8')
  writeFileSync(
    join(folder, 'authorized_keys'),
    `${options.restrict ?? 'restrict'},command="${helper}" ${publicKey}`,
  )
  writeFileSync(
    join(folder, 'sshd_config'),
    `Port ${port}
ListenAddress 127.0.0.1
${types.map((type) => `HostKey ${folder}/host_${type}`).join('\n')}
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
${options.server ?? ''}
`,
  )
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(
    knownHosts,
    types
      .map((type) => `[127.0.0.1]:${port} ${readFileSync(join(folder, `host_${type}.pub`), 'utf8')}`)
      .join(''),
  )
  const configFile = join(folder, 'config')
  writeFileSync(
    configFile,
    `Host mail1
  HostName 127.0.0.1
  Port ${port}
  ${options.client ?? ''}
Host *
  User ${process.env['USER'] ?? 'root'}
  IdentityFile ${folder}/key
  IdentityAgent none
  UserKnownHostsFile ${knownHosts}
  GlobalKnownHostsFile none
`,
  )
  const daemon = spawn(SSHD, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  daemon.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()))
  await listening(port, daemon, () => log)
  return {
    folder,
    port,
    configFile,
    knownHosts,
    log: () => log,
    async [Symbol.asyncDispose]() {
      daemon.kill()
      if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

export function keygen(type: string, path: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', path])
}

/** Below the ports that the kernel gives to connections, lest one of them take it before sshd does. */
async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 20_000)
  const server = createServer().listen(port, '127.0.0.1')
  const isFree = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (!isFree) return freePort()
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number, daemon: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (daemon.exitCode !== null) throw new Error(`sshd ended: ${log()}`)
    const socket = connect(port, '127.0.0.1')
    const there = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
      wait(1000, false),
    ])
    socket.destroy()
    if (there) return
    await wait(25)
  }
  throw new Error(`sshd does not listen: ${log()}`)
}
