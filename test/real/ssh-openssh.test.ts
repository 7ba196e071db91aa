import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { openMailHosts, type OpenMailHost } from '../../src/hosts/open-mail-hosts.ts'
import { keygen, noSshd, privateSshd, type PrivateSshd } from './private-sshd.ts'

/** Answers `status` with the id that was asked for. */
const ECHO =
  'read -r line; id=${line##*id=}; printf "step\\tlock\\tok\\t1\\t%s\\nend\\tok\\tapplied\\n" "$id"'

async function sshd(options: Partial<Parameters<typeof privateSshd>[0]> = {}): Promise<PrivateSshd> {
  const made = await privateSshd({ forced: ECHO, ...options })
  onTestFinished(async () => made[Symbol.asyncDispose]())
  return made
}

function open(made: PrivateSshd, change: { keyFile?: string; target?: string } = {}): OpenMailHost {
  const [host] = openMailHosts(
    {
      mailHosts: [change.target ?? 'mail1'],
      configFile: made.configFile,
      knownHostsFile: undefined,
      keyFile: change.keyFile,
    },
    systemClock,
  )
  if (host === undefined) throw new Error('no host')
  onTestFinished(async () => host.close())
  return host
}

/** An agent of its own, with the given keys. */
async function agent(folder: string, ...keys: string[]): Promise<string> {
  const socket = join(folder, 'agent')
  const daemon = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  onTestFinished(() => {
    daemon.kill()
  })
  while (!existsSync(socket)) await wait(10)
  for (const key of keys) {
    execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
  }
  return socket
}

describe.skipIf(noSshd())('OpenSSH’s own server', () => {
  test.each(['ed25519', 'rsa', 'ecdsa'] as const)(
    'lets the bot in with an %s key, and shows one of that type',
    async (type) => {
      const made = await sshd({ keyType: type, hostKeyTypes: [type] })
      expect(await open(made).mailHost.status('change-0001')).toMatchObject({
        records: [{ detail: 'change-0001' }],
        end: { kind: 'applied' },
      })
    },
  )

  test('is asked for the type of key that is pinned, of the three that it has', async () => {
    const made = await sshd({ hostKeyTypes: ['ed25519', 'rsa', 'ecdsa'] })
    writeFileSync(
      made.knownHosts,
      `[127.0.0.1]:${made.port} ${readFileSync(join(made.folder, 'host_rsa.pub'), 'utf8')}`,
    )
    execFileSync('ssh-keygen', ['-q', '-H', '-f', made.knownHosts], { stdio: 'ignore' })
    expect(readFileSync(made.knownHosts, 'utf8')).toMatch(/^\|1\|/)
    expect(await open(made).mailHost.status('change-0001')).toMatchObject({ end: { kind: 'applied' } })
  })

  test('is refused when its key is not pinned, and the refusal names the key that ssh-keygen shows', async () => {
    const made = await sshd()
    writeFileSync(made.knownHosts, '')
    const shown = execFileSync('ssh-keygen', ['-lf', join(made.folder, 'host_ed25519.pub')], {
      encoding: 'utf8',
    })
    const error = await open(made)
      .mailHost.hello()
      .catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'host-key-unknown', context: { fingerprint: shown.split(' ')[1] } })
    expect(made.log()).not.toContain('Accepted')
  })

  test('runs the forced command, whatever is asked for, and gives no shell', async () => {
    const made = await sshd({
      forced:
        'read -r line; printf "step\\tlock\\tok\\t1\\t%s\\nend\\tok\\tapplied\\n" "$SSH_ORIGINAL_COMMAND"',
    })
    expect(await open(made).mailHost.status('change-0001')).toMatchObject({
      records: [{ detail: 'sudo -n /usr/local/libexec/maillimit-host' }],
    })
  })

  test('stays verified through re-keying: megabytes of log over hundreds of key exchanges', async () => {
    const made = await sshd({
      server: 'RekeyLimit 64K',
      forced:
        'read -r line; i=0; while [ $i -lt 400 ]; do i=$((i+1)); printf "line\\t0\\t1\\t-\\t%05000d\\n" $i; done; printf "rotated\\t1\\t-\\nend\\tok\\trotated\\n"',
    })
    let bytes = 0
    const follow = open(made).hostStream.follow(
      { kind: 'journal', cursor: undefined },
      AbortSignal.timeout(60_000),
    )
    for await (const record of follow) if (record.kind === 'line') bytes += record.raw.length
    expect(bytes).toBe(400 * 5000)
  })

  test('is asked twenty things at once within its MaxSessions', async () => {
    const made = await sshd({ server: 'MaxSessions 5' })
    const host = open(made)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => host.mailHost.status(`change-${1000 + index}`)),
    )
    expect(answers.map(({ records: [step] }) => step?.kind === 'step' && step.detail)).toEqual(
      Array.from({ length: 20 }, (_, index) => `change-${1000 + index}`),
    )
    expect(made.log().match(/Accepted publickey/g)).toHaveLength(1)
  })

  test('refuses a wrong key, and the bot says which one it tried', async () => {
    const made = await sshd()
    keygen('ed25519', join(made.folder, 'stranger'))
    const error = await open(made, { keyFile: join(made.folder, 'stranger') })
      .mailHost.hello()
      .catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'auth-failed', retryable: false })
    const shown = execFileSync('ssh-keygen', ['-lf', join(made.folder, 'stranger')], { encoding: 'utf8' })
    expect((error as Error).message).toContain(shown.split(' ')[1])
  })

  test('that offers post-quantum key exchange alone is not understood, and the fault says so', async () => {
    const made = await sshd({ server: 'KexAlgorithms sntrup761x25519-sha512@openssh.com' })
    await expect(open(made).mailHost.hello()).rejects.toMatchObject({
      code: 'no-matching-key-exchange',
      hint: expect.stringContaining('post-quantum'),
    })
  })

  test('is reached through a jump host, itself twice', async () => {
    const made = await sshd({
      restrict: 'restrict,port-forwarding',
      client: 'ProxyJump gate',
    })
    writeFileSync(
      made.configFile,
      `${readFileSync(made.configFile, 'utf8')}Host gate\n  HostName 127.0.0.1\n  Port ${made.port}\n`,
    )
    expect(await open(made).mailHost.status('change-0001')).toMatchObject({ end: { kind: 'applied' } })
    expect(made.log().match(/Accepted publickey/g)).toHaveLength(2)
  })

  test('that forwards nothing is no jump host', async () => {
    const made = await sshd({ client: 'ProxyJump gate' })
    writeFileSync(
      made.configFile,
      `${readFileSync(made.configFile, 'utf8')}Host gate\n  HostName 127.0.0.1\n  Port ${made.port}\n`,
    )
    await expect(open(made).mailHost.hello()).rejects.toMatchObject({
      hint: expect.stringContaining('AllowTcpForwarding'),
    })
  })

  test('lets the bot in with a key that an agent holds', async () => {
    const made = await sshd()
    const socket = await agent(made.folder, join(made.folder, 'key'))
    const config = readFileSync(made.configFile, 'utf8')
      .replace('IdentityAgent none', `IdentityAgent ${socket}`)
      .replace(`IdentityFile ${made.folder}/key`, `IdentityFile ${made.folder}/absent`)
    writeFileSync(made.configFile, config)
    expect(await open(made).mailHost.status('change-0001')).toMatchObject({ end: { kind: 'applied' } })
  })

  test('sees of an agent full of keys only the one that IdentitiesOnly leaves, also when its file is encrypted', async () => {
    const made = await sshd({ server: 'MaxAuthTries 2' })
    const others = ['a', 'b', 'c', 'd'].map((name) => join(made.folder, name))
    for (const other of others) keygen('ed25519', other)
    const key = join(made.folder, 'key')
    const socket = await agent(made.folder, ...others, key)
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret phrase', '-f', key])
    const config = readFileSync(made.configFile, 'utf8').replace(
      'IdentityAgent none',
      `IdentityAgent ${socket}`,
    )
    writeFileSync(made.configFile, config)
    expect(await open(made, { keyFile: key }).mailHost.status('change-0001')).toMatchObject({
      end: { kind: 'applied' },
    })
    // Without IdentitiesOnly the four strangers use up the tries.
    await expect(open(made).mailHost.hello()).rejects.toMatchObject({ code: 'auth-failed' })
  })

  test('an agent that is gone is passed over, and the fault names it', async () => {
    const made = await sshd()
    const config = readFileSync(made.configFile, 'utf8')
      .replace('IdentityAgent none', `IdentityAgent ${made.folder}/no-agent`)
      .replace(`IdentityFile ${made.folder}/key`, `IdentityFile ${made.folder}/absent`)
    writeFileSync(made.configFile, config)
    await expect(open(made).mailHost.hello()).rejects.toMatchObject({
      code: 'auth-failed',
      message: expect.stringContaining(`the agent at ${made.folder}/no-agent`),
    })
  })

  test('a helper that is not installed, and a sudo that wants a password, are told apart', async () => {
    const missing = await sshd({ forced: 'exec /usr/local/libexec/absent-helper' })
    await expect(open(missing).mailHost.hello()).rejects.toMatchObject({
      code: 'bad-answer',
      hint: 'The helper is not installed: run host/install on mail1.',
    })
    const password = await sshd({ forced: 'echo "sudo: a password is required" >&2; exit 1' })
    await expect(open(password).mailHost.hello()).rejects.toMatchObject({
      hint: expect.stringContaining('sudo does not let'),
    })
  })

  test('a follow that is aborted ends the helper at the other end', async () => {
    const made = await sshd({
      forced:
        'read -r line; printf "at\\t1\\t2\\t-\\t0\\t-\\n"; while read -r ping; do printf "beat\\t0\\t-\\t0\\n"; done; echo gone > "${0%/*}/gone"',
    })
    const abort = new AbortController()
    const following = (async () => {
      for await (const record of open(made).hostStream.follow(
        { kind: 'journal', cursor: undefined },
        abort.signal,
      )) {
        expect(record.kind).toBe('at')
        abort.abort(new Error('enough'))
      }
    })()
    await expect(following).rejects.toThrow('enough')
    await expect.poll(() => existsSync(join(made.folder, 'gone'))).toBe(true)
  })
})
