import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { mailHostName, openMailHosts } from '../../src/hosts/open-mail-hosts.ts'
import { fakeDevice, finish, newKeyPair } from './fake-device.ts'

const NO_SSH = { configFile: undefined, knownHostsFile: undefined, keyFile: undefined }

test('hosts are named as people call them', () => {
  expect(mailHostName('mail1')).toBe('mail1')
  expect(mailHostName('root@mail1.example.org')).toBe('mail1.example.org')
  expect(mailHostName('root@mail1:22')).toBe('mail1')
  expect(mailHostName('root@mail1:2222')).toBe('mail1:2222')
  expect(mailHostName('[2001:db8::1]:2222')).toBe('[2001:db8::1]:2222')
  expect(mailHostName('local')).toBe('local')
})

test.each([
  [['mail1', '-oProxyCommand=x'], /names no mail host/],
  [['mail1', 'mail1'], /two mail hosts would be called mail1/],
  [['a@mail1', 'b@mail1'], /two mail hosts would be called mail1/],
  [['local', 'local'], /would be called local/],
])('a list that cannot be meant is refused: %j', (mailHosts, message) => {
  expect(() => openMailHosts({ ...NO_SSH, mailHosts }, systemClock)).toThrow(message)
})

test('one host’s fault disturbs no other, and after closing the process ends by itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'open-mail-hosts-'))
  const key = newKeyPair()
  await using good = await fakeDevice({
    authorized: key,
    run: (channel) => finish(channel, 'end\trefused\tunknown\n'),
  })
  await using strange = await fakeDevice()
  writeFileSync(join(folder, 'key'), key.private)
  writeFileSync(join(folder, 'known'), good.knownHosts())
  const hostLines = ([name, port]: readonly [string, number]) =>
    `Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n`
  writeFileSync(
    join(folder, 'config'),
    `${(
      [
        ['good', good.port],
        ['strange', strange.port],
        ['gone', 1],
      ] as const
    )
      .map(hostLines)
      .join('')}
Host refused
  ProxyCommand nc
Host *
  User maillimit
  IdentityFile ${folder}/key
  UserKnownHostsFile ${folder}/known
  GlobalKnownHostsFile none
  IdentityAgent none
`,
  )
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, 'connect-and-close.ts'),
      join(folder, 'config'),
      'gone',
      'strange',
      'refused',
      'local',
      'good',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
  )
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const [status] = (await once(child, 'close')) as [number]
  expect(output.trim().split('\n')).toEqual([
    'gone unreachable down',
    'strange host-key-unknown down',
    'refused ssh-config down',
    'local unreachable down',
    'good unknown up',
    'closed 0',
  ])
  expect(status).toBe(0)
  rmSync(folder, { recursive: true })
})
