import { execFile } from 'node:child_process'
import { homedir, userInfo } from 'node:os'
import { OpsError } from '../lib/errors.ts'
import { parseSshTarget, type SshTarget } from './ssh-target.ts'

/** `SSH_CONFIG`, `SSH_KNOWN_HOSTS`, `SSH_KEY`; undefined: as OpenSSH's. */
export type SshSettings = {
  readonly configFile: string | undefined
  readonly knownHostsFile: string | undefined
  readonly keyFile: string | undefined
}

/** One hop to a mail host, resolved as OpenSSH would resolve it. */
export type SshHop = {
  /** As the administrator calls it. */
  readonly name: string
  readonly hostName: string
  readonly port: number
  readonly user: string
  /** HostKeyAlias: stands in known_hosts for host and port. */
  readonly hostKeyAlias: string | undefined
  readonly knownHostsFiles: readonly string[]
  /** In the order in which they are tried. */
  readonly keyFiles: readonly { readonly path: string; readonly required: boolean }[]
  /** The agent's socket. */
  readonly agentSocket: string | undefined
  /** IdentitiesOnly: of the agent's keys only those that `keyFiles` name. */
  readonly identitiesOnly: boolean
  readonly connectTimeoutMs: number | undefined
  /** AddressFamily; 0 is any. */
  readonly family: 0 | 4 | 6
  /** BindAddress. */
  readonly bindAddress: string | undefined
}

/** The way to a mail host: its jump hosts in the order in which they are passed, then the host itself. */
export async function resolveSshRoute(
  target: string,
  settings: SshSettings,
  signal?: AbortSignal,
): Promise<readonly SshHop[]> {
  return await routeTo(parseSshTarget(target), target, settings, signal, [])
}

async function routeTo(
  target: SshTarget,
  name: string,
  settings: SshSettings,
  signal: AbortSignal | undefined,
  behind: readonly string[],
): Promise<readonly SshHop[]> {
  if (behind.includes(name) || behind.length > 8) {
    throw refused(name, `its ProxyJump leads back to itself (${[...behind, name].join(' → ')})`)
  }
  const options = await askSsh(target, name, settings, signal)
  const hop = hopOf(name, options, settings, behind.length > 0)
  const jumps = (options.get('proxyjump')?.[0] ?? 'none').split(',').filter((jump) => jump !== 'none')

  // As ssh does it: the first jump host follows its own ProxyJump, the others are reached through their predecessor.
  const route: SshHop[] = []
  for (const [index, jump] of jumps.entries()) {
    const way = await routeTo(parseSshTarget(jump), jump, settings, signal, [...behind, name])
    route.push(...(index === 0 ? way : way.slice(-1)))
  }
  return [...route, hop]
}

/** `ssh -G` evaluates ssh_config as ssh does: Include, Match, wildcards, defaults. It opens no connection. */
function askSsh(
  target: SshTarget,
  name: string,
  settings: SshSettings,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const args = ['-G', '-T']
  if (settings.configFile !== undefined) args.push('-F', settings.configFile)
  if (target.user !== undefined) args.push('-l', target.user)
  if (target.port !== undefined) args.push('-p', String(target.port))
  args.push('--', target.host)
  return new Promise((resolve, reject) => {
    execFile(
      'ssh',
      args,
      { timeout: 10_000, maxBuffer: 1 << 20, ...(signal && { signal }) },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(optionsOf(stdout))
        } else if (signal?.aborted) {
          reject(signal.reason)
        } else if (error.code === 'ENOENT') {
          reject(
            new OpsError(
              'ssh-missing',
              'there is no ssh command: it is asked what ssh_config says of a host',
              {
                hint: 'Install the OpenSSH client (package openssh-client or openssh-clients) where the bot runs.',
                cause: error,
              },
            ),
          )
        } else {
          const said = (error.killed ? 'it took longer than 10 s' : stderr.trim() || error.message).slice(
            0,
            300,
          )
          reject(
            new OpsError('ssh-config', `ssh -G does not accept ${name}: ${said}`, {
              hint: `Run "ssh ${args.join(' ')}" as the bot's account and mend what it complains about.`,
              context: { host: name },
              cause: error,
            }),
          )
        }
      },
    )
  })
}

/** Lower-case keyword, then values; a keyword may come several times. */
function optionsOf(output: string): ReadonlyMap<string, readonly string[]> {
  const options = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const space = line.indexOf(' ')
    if (space < 1) continue
    const keyword = line.slice(0, space).toLowerCase()
    const values = options.get(keyword)
    if (values === undefined) options.set(keyword, [line.slice(space + 1)])
    else values.push(line.slice(space + 1))
  }
  return options
}

function hopOf(
  name: string,
  options: ReadonlyMap<string, readonly string[]>,
  settings: SshSettings,
  isJump: boolean,
): SshHop {
  const one = (keyword: string) => options.get(keyword)?.[0]
  const set = (keyword: string) => (one(keyword) === 'none' ? undefined : one(keyword))
  const hostName = one('hostname')
  const user = one('user')
  const port = Number(one('port'))
  if (hostName === undefined || user === undefined || !Number.isInteger(port)) {
    throw refused(name, 'ssh -G names no host name, user and port for it')
  }
  if (set('proxycommand') !== undefined) {
    throw refused(
      name,
      'it has a ProxyCommand, which would be a program of its own between the bot and the host; use ProxyJump',
    )
  }
  if (set('certificatefile') !== undefined) {
    throw refused(name, 'it has a CertificateFile, and user certificates are not supported; use a plain key')
  }

  if (set('revokedhostkeys') !== undefined) {
    throw refused(
      name,
      'it has RevokedHostKeys, which are not read; mark those keys @revoked in known_hosts instead',
    )
  }

  const tokens = tokensOf(name, hostName, port, user, one('hostkeyalias'))
  const paths = (keyword: string) =>
    (one(keyword) ?? '')
      .split(' ')
      .filter((path) => path !== '' && path !== 'none')
      .map((path) => expand(path, tokens))
  const own = (options.get('identityfile') ?? [])
    .filter((path) => path !== 'none')
    .map((path) => ({ path: expand(path, tokens), required: false }))
  const given = settings.keyFile === undefined ? [] : [{ path: settings.keyFile, required: !isJump }]
  const connectTimeout = set('connecttimeout')
  return {
    name,
    hostName,
    port,
    user,
    hostKeyAlias: one('hostkeyalias'),
    knownHostsFiles:
      settings.knownHostsFile === undefined
        ? [...paths('userknownhostsfile'), ...paths('globalknownhostsfile')]
        : [settings.knownHostsFile],
    // SSH_KEY is the bot's own key; a jump host may want another one, which ssh_config then names.
    keyFiles: given.length > 0 && !isJump ? given : [...given, ...own],
    agentSocket: agentSocketOf(one('identityagent'), tokens),
    identitiesOnly: one('identitiesonly') === 'yes' || (given.length > 0 && !isJump),
    connectTimeoutMs: connectTimeout === undefined ? undefined : Number(connectTimeout) * 1000,
    family: one('addressfamily') === 'inet' ? 4 : one('addressfamily') === 'inet6' ? 6 : 0,
    bindAddress: set('bindaddress'),
  }
}

function agentSocketOf(value: string | undefined, tokens: ReadonlyMap<string, string>): string | undefined {
  if (value === 'none') return undefined
  if (value === undefined || value === 'SSH_AUTH_SOCK') return process.env['SSH_AUTH_SOCK'] || undefined
  if (value.startsWith('$')) return process.env[value.slice(1)] || undefined
  return expand(value, tokens)
}

function tokensOf(
  name: string,
  hostName: string,
  port: number,
  user: string,
  alias: string | undefined,
): ReadonlyMap<string, string> {
  return new Map([
    ['%', '%'],
    ['d', homedir()],
    ['h', hostName],
    ['k', alias ?? name],
    ['n', name],
    ['p', String(port)],
    ['r', user],
    ['u', userInfo().username],
    ['i', String(userInfo().uid)],
  ])
}

/** ssh_config(5), TOKENS and `~`; `ssh -G` leaves both in most values. */
function expand(path: string, tokens: ReadonlyMap<string, string>): string {
  const home = path.replace(/^~(?=\/|$)/, homedir())
  return home.replace(/%(.)/g, (whole, letter: string) => {
    const value = tokens.get(letter)
    if (value === undefined)
      throw refused(path, `the token ${whole} is not supported in a path; write the path out`)
    return value
  })
}

function refused(what: string, why: string): OpsError {
  return new OpsError('ssh-config', `${what}: ${why}`, {
    hint: 'Change it in ssh_config, or point SSH_CONFIG at a file of the bot’s own.',
    context: { host: what },
  })
}
