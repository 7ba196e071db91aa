import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { resolveSshRoute, type SshSettings } from '../../src/hosts/ssh-config.ts'
import { parseSshTarget } from '../../src/hosts/ssh-target.ts'

let folder: string
let settings: SshSettings

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssh-config-'))
  const configFile = join(folder, 'config')
  writeFileSync(
    configFile,
    `Include ${folder}/more
Host mail1
  HostName 192.0.2.10
  User maillimit
  Port 2222
  HostKeyAlias mail-one
  IdentityFile ~/.ssh/%h-%r-%p
  IdentityFile %d/second
  IdentityAgent /run/agent-%u
  IdentitiesOnly yes
  ConnectTimeout 7
  AddressFamily inet
  BindAddress 192.0.2.1
  UserKnownHostsFile ~/kh1 %d/kh2
  GlobalKnownHostsFile none
Host far
  ProxyJump gate,bob@inner:2200
Host gate
  ProxyJump outer
Host inner
  ProxyJump never-asked
Host outer
  User carol
  ProxyJump none
Host circle
  ProxyJump circle2
Host circle2
  ProxyJump circle
Host command
  ProxyCommand nc %h %p
Host certificate
  CertificateFile ~/x-cert.pub
Host revoking
  RevokedHostKeys /etc/ssh/revoked
Host strange-token
  IdentityFile ~/%C
Host no-agent
  IdentityAgent none
Host env-agent
  IdentityAgent $MY_AGENT
`,
  )
  writeFileSync(join(folder, 'more'), 'Host included\n  HostName included.example.org\n')
  settings = { configFile, knownHostsFile: undefined, keyFile: undefined }
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  vi.unstubAllEnvs()
})

test('an alias is resolved as OpenSSH resolves it', async () => {
  expect(await resolveSshRoute('mail1', settings)).toEqual([
    {
      name: 'mail1',
      hostName: '192.0.2.10',
      port: 2222,
      user: 'maillimit',
      hostKeyAlias: 'mail-one',
      knownHostsFiles: [join(homedir(), 'kh1'), join(homedir(), 'kh2')],
      keyFiles: [
        { path: join(homedir(), '.ssh/192.0.2.10-maillimit-2222'), required: false },
        { path: join(homedir(), 'second'), required: false },
      ],
      agentSocket: `/run/agent-${userInfo().username}`,
      identitiesOnly: true,
      connectTimeoutMs: 7000,
      family: 4,
      bindAddress: '192.0.2.1',
    },
  ])
})

test('user, host and port can be given without an alias, and win over ssh_config', async () => {
  const [hop] = await resolveSshRoute('root@mail1:22', settings)
  expect(hop).toMatchObject({ user: 'root', hostName: '192.0.2.10', port: 22 })
  expect((await resolveSshRoute('a@[2001:db8::1]:2022', settings))[0]).toMatchObject({
    user: 'a',
    hostName: '2001:db8::1',
    port: 2022,
    hostKeyAlias: undefined,
    connectTimeoutMs: undefined,
    family: 0,
    bindAddress: undefined,
  })
})

test('Include works, because ssh itself is asked', async () => {
  expect((await resolveSshRoute('included', settings))[0]).toMatchObject({ hostName: 'included.example.org' })
})

test('SSH_KNOWN_HOSTS and SSH_KEY replace what ssh_config says', async () => {
  const [hop] = await resolveSshRoute('mail1', { ...settings, knownHostsFile: '/kh', keyFile: '/key' })
  expect(hop).toMatchObject({
    knownHostsFiles: ['/kh'],
    keyFiles: [{ path: '/key', required: true }],
    identitiesOnly: true,
  })
})

test('a jump host gets SSH_KEY first, then the keys of its own', async () => {
  const route = await resolveSshRoute('far', { ...settings, keyFile: '/key' })
  expect(route[0]?.keyFiles[0]).toEqual({ path: '/key', required: false })
  expect(route[0]?.keyFiles.length).toBeGreaterThan(1)
})

test('jump hosts come in the order in which they are passed; only the first follows its own ProxyJump', async () => {
  const route = await resolveSshRoute('far', settings)
  expect(route.map((hop) => `${hop.user}@${hop.hostName}:${hop.port}`)).toEqual([
    'carol@outer:22',
    `${userInfo().username}@gate:22`,
    'bob@inner:2200',
    `${userInfo().username}@far:22`,
  ])
})

test.each([
  ['command', /ProxyCommand/],
  ['certificate', /CertificateFile/],
  ['revoking', /RevokedHostKeys/],
  ['strange-token', /%C/],
  ['circle', /leads back to itself \(circle → circle2 → circle\)/],
])('%s is refused with the reason', async (host, reason) => {
  await expect(resolveSshRoute(host, settings)).rejects.toMatchObject({
    code: 'ssh-config',
    message: expect.stringMatching(reason),
  })
})

test('the agent comes from IdentityAgent, or from the environment', async () => {
  vi.stubEnv('SSH_AUTH_SOCK', '/run/from-env')
  vi.stubEnv('MY_AGENT', '/run/mine')
  const agentOf = async (host: string) => (await resolveSshRoute(host, settings))[0]?.agentSocket
  expect(await agentOf('included')).toBe('/run/from-env')
  expect(await agentOf('no-agent')).toBeUndefined()
  expect(await agentOf('env-agent')).toBe('/run/mine')
})

test('a missing ssh command, a missing file and an aborted question are told apart', async () => {
  await expect(resolveSshRoute('mail1', { ...settings, configFile: '/absent/config' })).rejects.toMatchObject(
    {
      code: 'ssh-config',
      message: expect.stringContaining('/absent/config'),
    },
  )
  await expect(resolveSshRoute('mail1', settings, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
    'enough',
  )
  vi.stubEnv('PATH', folder)
  await expect(resolveSshRoute('mail1', settings)).rejects.toMatchObject({ code: 'ssh-missing' })
  writeFileSync(join(folder, 'ssh'), '#!/bin/sh\nexec /bin/true\n')
  chmodSync(join(folder, 'ssh'), 0o755)
  await expect(resolveSshRoute('mail1', settings)).rejects.toMatchObject({ code: 'ssh-config' })
})

describe('what names no host never reaches ssh', () => {
  test.each([
    '',
    '-oProxyCommand=reboot',
    '-l',
    'bob@-host',
    '-bob@host',
    'a b',
    'host;reboot',
    'host:0',
    'host:70000',
    'host:22:23',
    '$(reboot)',
    "ho'st",
    'host\n-x',
    'user@',
    '@host',
    '[mail1]:22',
    'h'.repeat(400),
  ])('%j', async (target) => {
    expect(() => parseSshTarget(target)).toThrow(/names no mail host/)
    await expect(resolveSshRoute(target, settings)).rejects.toMatchObject({ code: 'mail-host-name' })
  })

  test('while every usual spelling does', () => {
    expect(parseSshTarget('mail-1.example_x')).toEqual({
      host: 'mail-1.example_x',
      user: undefined,
      port: undefined,
    })
    expect(parseSshTarget('ssh://bob@mail:22')).toEqual({ host: 'mail', user: 'bob', port: 22 })
    expect(parseSshTarget('2001:db8::1')).toEqual({ host: '2001:db8::1', user: undefined, port: undefined })
    expect(parseSshTarget('me@corp.example@mail')).toEqual({
      host: 'mail',
      user: 'me@corp.example',
      port: undefined,
    })
  })
})
