import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SshTarget } from '../hosts/ssh-target.ts'
import { OpsError } from '../lib/errors.ts'

export type RemoteFolder = { readonly path: string; readonly isRoot: boolean }

export type CopyResult =
  | ({ readonly kind: 'copied' } & RemoteFolder)
  | {
      readonly kind: 'failed'
      readonly why: 'ssh' | 'not-linux' | 'no-shell' | 'copy'
      readonly said: string
    }

export type InstallResult = 'done' | 'ssh' | 'not-root' | 'installer'

const HOST_FOLDER = fileURLToPath(new URL('../../host', import.meta.url))

/** What `ssh` itself exits with when the connection or the login fails. */
const SSH_FAILED = 255
const NEVER_BEGAN = 95

/**
 * Copies host/ and the public key into a fresh folder on the host that only the login there may enter. Standard input carries the archive,
 * so nothing there can ask a question; ssh itself asks on the terminal.
 */
export async function copyToHost(ssh: readonly string[], publicKey: string | undefined): Promise<CopyResult> {
  const folder = mkdtempSync(join(tmpdir(), 'maillimit-install-'))
  try {
    const content = join(folder, 'content')
    cpSync(HOST_FOLDER, join(content, 'host'), { recursive: true })
    if (publicKey !== undefined) writeFileSync(join(content, 'key.pub'), `${publicKey}\n`)
    const archive = join(folder, 'archive.tar')
    const packed = await ended(spawn('tar', ['-cf', archive, '-C', content, '.'], { stdio: 'inherit' }))
    if (packed !== 0)
      throw new OpsError('tar', 'tar could not pack the folder host/; its own words stand above')
    const input = openSync(archive, 'r')
    const remote = start(ssh, COPY, [input, 'pipe', 'inherit'])
    closeSync(input)
    const [code, said] = await Promise.all([ended(remote), text(remote)])
    return copyResult(code, said)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs the installer in that folder as root and removes the folder, whatever happens. sudo may ask for its password only where a person can answer. */
export async function runInstaller(
  ssh: readonly string[],
  folder: RemoteFolder,
  what: 'install' | 'remove',
): Promise<InstallResult> {
  const isTerminal = process.stdin.isTTY
  const remote = start(
    isTerminal ? [...ssh.slice(0, 1), '-t', ...ssh.slice(1)] : ssh,
    installScript(folder, what, isTerminal),
    [isTerminal ? 'inherit' : 'ignore', 'inherit', 'inherit'],
  )
  switch (await ended(remote)) {
    case 0:
      return 'done'
    case SSH_FAILED:
      return 'ssh'
    case NEVER_BEGAN:
      return 'not-root'
    default:
      return 'installer'
  }
}

export function sshCommand(target: SshTarget, configFile: string | undefined): readonly string[] {
  return [
    'ssh',
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...(target.user === undefined ? [] : ['-l', target.user]),
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    '-o',
    'ConnectTimeout=20',
    '--',
    target.host,
  ]
}

/** Without single quotes, so that it can stand in one pair of them: whatever shell the login has, a plain sh reads it. */
const COPY = [
  'set -eu',
  'umask 077',
  'os=$(uname -s)',
  'if [ "$os" != Linux ]; then echo "maillimit-not-linux $os"; exit 3; fi',
  'd=$(mktemp -d /tmp/maillimit-install.XXXXXXXX)',
  'trap "rm -rf $d" 0',
  'tar -xof - -C "$d"',
  'trap - 0',
  'echo "maillimit-folder $d $(id -u)"',
].join('; ')

function installScript({ path, isRoot }: RemoteFolder, what: 'install' | 'remove', ask: boolean): string {
  const argument = what === 'install' ? `${path}/key.pub` : '--remove'
  const asRoot = isRoot ? 'sh -c' : `sudo ${ask ? '' : '-n '}sh -c`
  return [
    `trap "rm -rf ${path}" 0`,
    'trap "exit 130" HUP INT TERM',
    // Tells a sudo that refuses from an installer that fails.
    `${asRoot} "touch ${path}/began; exec sh ${path}/host/install ${argument}"`,
    'code=$?',
    `[ -e ${path}/began ] || exit ${NEVER_BEGAN}`,
    'exit $code',
  ].join('; ')
}

function copyResult(code: number, said: string): CopyResult {
  const [, path, uid] =
    /^maillimit-folder (\/tmp\/maillimit-install\.[A-Za-z0-9]+) ([0-9]+)\r?$/m.exec(said) ?? []
  if (code === 0 && path !== undefined) return { kind: 'copied', path, isRoot: uid === '0' }
  const why =
    code === SSH_FAILED
      ? 'ssh'
      : said.includes('maillimit-not-linux')
        ? 'not-linux'
        : code === 0 || /^end\t/m.test(said)
          ? 'no-shell'
          : 'copy'
  return { kind: 'failed', why, said }
}

function start(ssh: readonly string[], script: string, stdio: StdioOptions): ChildProcess {
  const [program = 'ssh', ...args] = ssh
  return spawn(program, [...args, `sh -c '${script}'`], { stdio })
}

async function text(child: ChildProcess): Promise<string> {
  let said = ''
  for await (const chunk of child.stdout ?? []) said = (said + String(chunk)).slice(-10_000)
  return said
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`maillimit: ${error.message}\n`)
      resolve(SSH_FAILED)
    })
    child.once('close', (code) => resolve(code ?? SSH_FAILED))
  })
}
