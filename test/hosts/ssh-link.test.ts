import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { helperHostStream } from '../../src/hosts/helper-host-stream.ts'
import { helperMailHost } from '../../src/hosts/helper-mail-host.ts'
import type { HostLink, LinkState } from '../../src/hosts/host-link.ts'
import type { SshHop } from '../../src/hosts/ssh-config.ts'
import { openSshChannel } from '../../src/hosts/ssh-channel.ts'
import { connectSsh, pinnedFirst, strictVerifier } from '../../src/hosts/ssh-connection.ts'
import { SSH_LINK_TIMINGS, sshLink, type SshLinkTimings } from '../../src/hosts/ssh-link.ts'
import { countingClock } from './counting-clock.ts'
import { fakeDevice, finish, newKeyPair, type FakeDevice, type FakeDeviceOptions } from './fake-device.ts'
import { leftovers } from './leftovers.ts'
import { tcpProxy } from './tcp-proxy.ts'
import { unchanged } from './unchanged.ts'

const clock = countingClock()
const never = new AbortController().signal
const client = newKeyPair()
let folder: string
let keyFile: string
let before: readonly string[]
let toClose: (() => Promise<void>)[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssh-link-'))
  keyFile = fileWith('key', client.private)
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(async () => {
  toClose = []
  before = await leftovers()
})
afterEach(async () => {
  for (const close of toClose.toReversed()) await close()
  assert.deepEqual({ timers: clock.set(), held: await leftovers(before) }, { timers: 0, held: before })
})

function fileWith(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function device(options: FakeDeviceOptions = {}): Promise<FakeDevice> {
  const made = await fakeDevice(options)
  toClose.push(async () => made[Symbol.asyncDispose]())
  return made
}

let files = 0
function hopTo(port: number, knownHosts: string, change: Partial<SshHop> = {}): SshHop {
  return {
    name: 'mail1',
    hostName: '127.0.0.1',
    port,
    user: 'maillimit',
    hostKeyAlias: undefined,
    knownHostsFiles: [fileWith(`known-${files++}`, knownHosts)],
    keyFiles: [{ path: keyFile, required: true }],
    agentSocket: undefined,
    identitiesOnly: true,
    connectTimeoutMs: undefined,
    family: 0,
    bindAddress: undefined,
    ...change,
  }
}

function link(
  route: readonly SshHop[] | (() => Promise<readonly SshHop[]>),
  timings: Partial<SshLinkTimings> = {},
): HostLink {
  const find = typeof route === 'function' ? route : () => Promise.resolve(route)
  const made = sshLink('mail1', find, clock, {
    ...SSH_LINK_TIMINGS,
    retryFirstMs: 20,
    retryMostMs: 60,
    shortWaitMs: 0,
    ...timings,
  })
  toClose.push(() => made.close())
  return made
}

function linkTo(
  made: FakeDevice,
  change: Partial<SshHop> = {},
  timings: Partial<SshLinkTimings> = {},
): HostLink {
  return link([hopTo(made.port, made.knownHosts(), change)], timings)
}

function reached(made: HostLink, kind: LinkState['kind']): Promise<LinkState> {
  return new Promise((resolve) => {
    if (made.state().kind === kind) {
      resolve(made.state())
      return
    }
    const stop = made.onState((state) => {
      if (state.kind !== kind) return
      stop()
      resolve(state)
    })
  })
}

function fault(made: HostLink): Promise<unknown> {
  return made.open('now', never).then(
    () => {
      throw new Error('it opened')
    },
    (error: unknown) => error,
  )
}

describe('a host that is as it should be', () => {
  test('is reached, asked and left without a trace', async () => {
    const good = await device({
      authorized: client,
      run: (channel, request) => finish(channel, `echo\t${request.split(' ')[1]}\nend\trefused\tunknown\n`),
    })
    const made = linkTo(good)
    const states: string[] = []
    made.onState((state) => states.push(state.kind))
    expect(made.state().kind).toBe('connecting')
    const host = helperMailHost(made, clock)
    expect(await host.status('change-0001')).toEqual({ records: [], end: { kind: 'unknown' } })
    await Promise.all(Array.from({ length: 20 }, () => host.status('change-0002')))
    expect(good.requests).toHaveLength(21)
    expect(good.counts).toMatchObject({ connections: 1, logins: 1, mostOpen: 5 })
    await made.close()
    expect(states).toEqual(['up', 'closed'])
    await expect(made.open('when-up', never)).rejects.toMatchObject({ code: 'link-closed' })
  })

  test('a slow reader holds it back: no more than the window is under way', async () => {
    let written = 0
    const line = `line\t0\t1000\t-\t${'x'.repeat(30_000)}\n`
    const good = await device({
      run: async (channel) => {
        let open = true
        channel.on('close', () => (open = false))
        while (open) {
          written += line.length
          if (!channel.write(line)) await Promise.race([once(channel, 'drain'), once(channel, 'close')])
        }
      },
    })
    const stream = helperHostStream(linkTo(good), clock)
    const following = stream.follow({ kind: 'file', path: '/l', offset: 0, mark: undefined }, never)
    const records = following[Symbol.asyncIterator]()
    try {
      await records.next()
      const stalledAt = await unchanged(() => written)
      expect(stalledAt).toBeLessThan(8 * 1024 * 1024)
      for (let pulled = 0; pulled < 400; pulled++) await records.next()
      await expect.poll(() => written).toBeGreaterThan(stalledAt)
    } finally {
      await records.return?.()
    }
  })
})

describe('host keys', () => {
  test('an unknown one is refused, with what pins it, before anybody logs in', async () => {
    const strange = await device()
    const error = await fault(link([hopTo(strange.port, '')]))
    expect(error).toMatchObject({ code: 'host-key-unknown', retryable: false })
    expect(error).toMatchObject({ context: { pin: strange.knownHosts().trim() } })
    expect(strange.counts.logins).toBe(0)
  })

  test('a changed one is refused', async () => {
    const strange = await device()
    const pinned = `[127.0.0.1]:${strange.port} ${newKeyPair().public}\n`
    expect(await fault(link([hopTo(strange.port, pinned)]))).toMatchObject({ code: 'host-key-changed' })
    expect(strange.counts.logins).toBe(0)
  })

  test('a revoked one is refused although it is pinned', async () => {
    const strange = await device()
    const text = `${strange.knownHosts()}@revoked * ${strange.hostKeys[0]?.public}\n`
    expect(await fault(link([hopTo(strange.port, text)]))).toMatchObject({ code: 'host-key-revoked' })
  })

  test.each(['ecdsa', 'rsa', 'ed25519'] as const)(
    'a host of many keys is asked for the pinned type (%s)',
    async (type) => {
      const hostKeys = [newKeyPair('ed25519'), newKeyPair('ecdsa'), newKeyPair('rsa')]
      const good = await device({ hostKeys })
      const pinned = hostKeys[['ed25519', 'ecdsa', 'rsa'].indexOf(type)]
      const made = link([hopTo(good.port, `[127.0.0.1]:${good.port} ${pinned?.public}\n`)])
      expect((await reached(made, 'up')).kind).toBe('up')
    },
  )

  test('once the administrator has pinned it, the next try succeeds', async () => {
    const strange = await device()
    const hop = hopTo(strange.port, '')
    const made = link([hop])
    await reached(made, 'down')
    writeFileSync(hop.knownHostsFiles[0] ?? '', strange.knownHosts())
    expect((await reached(made, 'up')).kind).toBe('up')
  })

  test('HostKeyAlias stands for host and port', async () => {
    const good = await device()
    const made = link([hopTo(good.port, good.knownHosts('mail-alias'), { hostKeyAlias: 'mail-alias' })])
    expect((await reached(made, 'up')).kind).toBe('up')
  })

  test.each<[string, () => unknown]>([
    ['false', () => false],
    ['a promise of false', () => Promise.resolve(false)],
    ['a promise of true', () => Promise.resolve(true)],
    ['null', () => null],
    ['0', () => 0],
    ['1', () => 1],
    ['an empty string', () => ''],
    ['nothing', () => undefined],
    [
      'an exception',
      () => {
        throw new Error('no')
      },
    ],
  ])('a verifier that says %s denies', async (_, judge) => {
    const strange = await device()
    const connection = new ssh2.Client()
    const outcome = new Promise((resolve) => {
      connection.on('ready', () => resolve('ready'))
      connection.on('error', (error) => resolve(error.message))
    })
    connection.connect({
      host: '127.0.0.1',
      port: strange.port,
      username: 'x',
      privateKey: client.private,
      hostVerifier: strictVerifier(judge),
    })
    expect(await outcome).toMatch(/Host denied/)
    connection.end()
  })

  test('pinned types come first, and the weak ones never', () => {
    expect(pinnedFirst(['ssh-rsa', 'ecdsa-sha2-nistp384'])).toEqual([
      'ecdsa-sha2-nistp384',
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp521',
    ])
    expect(pinnedFirst(['ssh-dss', 'nonsense'])).not.toContain('ssh-rsa')
  })
})

describe('keys of the bot', () => {
  test('a key that the host does not know is said so, without the key, and not tried again at once', async () => {
    const strict = await device({ authorized: newKeyPair() })
    const made = linkTo(strict, {}, { retryMostMs: 60_000 })
    const error = await fault(made)
    expect(error).toMatchObject({ code: 'auth-failed', retryable: false })
    expect((error as Error).message).toContain(`${keyFile} (SHA256:`)
    expect(JSON.stringify(error)).not.toContain('PRIVATE')
    const state = made.state()
    expect(state.kind === 'down' && state.retryAtMs - clock.now()).toBeGreaterThan(29_000)
    await wait(100)
    expect(strict.counts.connections).toBe(1)
  })

  test.each<[string, () => string, string]>([
    ['absent', () => join(folder, 'absent'), 'key-unusable'],
    ['no key', () => fileWith('rubbish', 'hello'), 'key-unusable'],
    ['encrypted', () => fileWith('locked', newKeyPair('ed25519', 'secret').private), 'key-encrypted'],
    ['a public key', () => fileWith('public', client.public), 'no-key'],
  ])('a key file that is %s is explained', async (_, path, code) => {
    const good = await device()
    const error = await fault(linkTo(good, { keyFiles: [{ path: path(), required: true }] }))
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/ssh-keygen|passphrase/) })
  })

  test('a default key that does not exist is passed over', async () => {
    const good = await device({ authorized: client })
    const keyFiles = [
      { path: join(folder, 'absent'), required: false },
      { path: keyFile, required: false },
    ]
    expect((await reached(linkTo(good, { keyFiles }), 'up')).kind).toBe('up')
  })
})

describe('a host that is not as it should be', () => {
  test('nobody listens', async () => {
    expect(await fault(link([hopTo(1, '')]))).toMatchObject({
      code: 'unreachable',
      retryable: true,
      message: 'mail1 (127.0.0.1, port 1) cannot be reached: ECONNREFUSED',
    })
  })

  test('its name does not resolve', async () => {
    expect(await fault(link([hopTo(22, '', { hostName: 'mail.invalid' })]))).toMatchObject({
      code: 'unreachable',
    })
  })

  test('it accepts the connection and says nothing', async () => {
    const silent = await tcpProxy((await device()).port)
    silent.swallow()
    toClose.push(async () => silent[Symbol.asyncDispose]())
    expect(await fault(link([hopTo(silent.port, '', { connectTimeoutMs: 150 })]))).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('within 0.15 s'),
    })
  })

  test('it speaks another language', async () => {
    const { createServer } = await import('node:net')
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    toClose.push(() => new Promise((resolve) => server.close(() => resolve())))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await fault(link([hopTo(port, '')]))).toMatchObject({ code: 'unreachable', retryable: true })
  })

  test.each([
    ['key exchange', { kex: ['diffie-hellman-group14-sha1'] }, 'no-matching-key-exchange', /post-quantum/],
    ['MAC', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] }, 'no-matching-algorithm', /hmac-sha2/],
  ])('it offers no %s that is good enough', async (_, algorithms, code, hint) => {
    const old = await device({ algorithms: algorithms as NonNullable<FakeDeviceOptions['algorithms']> })
    expect(await fault(linkTo(old))).toMatchObject({
      code,
      hint: expect.stringMatching(hint),
      retryable: false,
    })
  })

  test('it offers its RSA key with SHA-1 only', async () => {
    const old = await device({ hostKeys: [newKeyPair('rsa')], algorithms: { serverHostKey: ['ssh-rsa'] } })
    expect(await fault(linkTo(old))).toMatchObject({ code: 'no-matching-host-key' })
  })

  test('it refuses channels, or never opens them', async () => {
    expect(await fault(linkTo(await device({ sessions: 'refuse' })))).toMatchObject({
      code: 'channel-refused',
      hint: expect.stringContaining('MaxSessions'),
    })
    const hanging = linkTo(await device({ sessions: 'ignore' }), {}, { openMs: 100 })
    expect(await fault(hanging)).toMatchObject({ code: 'timeout', retryable: true })
    expect(hanging.state().kind).toBe('up')
  })

  test('what it says on standard error, and how it ended, is told', async () => {
    const wrong = await device({
      run: (channel) => {
        channel.stderr.write('sudo: a password is required\n')
        finish(channel, '', 1)
      },
    })
    await expect(helperMailHost(linkTo(wrong), clock).hello()).rejects.toMatchObject({
      code: 'bad-answer',
      message:
        'mail1 broke off before the end of its answer (exit status 1; its standard error says: "sudo: a password is required")',
      hint: expect.stringContaining('sudo'),
    })
  })

  test('it floods standard error and hangs: the deadline holds', async () => {
    const wrong = await device({
      run: (channel) => {
        for (let i = 0; i < 200; i++) channel.stderr.write('x'.repeat(30_000))
      },
    })
    const host = helperMailHost(linkTo(wrong), clock, { askMs: 200, changeMs: 200 })
    await expect(host.hello()).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('a connection that breaks', () => {
  test('ends what is under way as lost, and is made anew', async () => {
    const good = await device({ run: (channel) => channel.write('step\tlock\tok\t1\t-\n') })
    const made = linkTo(good)
    const host = helperMailHost(made, clock)
    const asked = host.status('change-0001')
    while (good.counts.open === 0) await wait(5)
    good.drop()
    await expect(asked).rejects.toMatchObject({
      code: 'connection-lost',
      retryable: true,
    })
    await reached(made, 'up')
    expect(good.counts.connections).toBe(2)
  })

  test('and is not gone yet is told as lost to whoever asks in that moment, and let go of', async () => {
    const good = await device()
    const hop = hopTo(good.port, good.knownHosts())
    const connection = await connectSsh([hop], clock, SSH_LINK_TIMINGS, never)
    // As after the host's goodbye: nothing can be sent any more, and the socket is not closed yet.
    connection.client.end()
    expect(connection.lost.aborted).toBe(false)
    let isFree = false
    const asked = openSshChannel('mail1', connection, clock, 2000, never, () => {
      isFree = true
    })
    await expect(asked).rejects.toMatchObject({ name: 'OpsError', code: 'connection-lost', retryable: true })
    expect(isFree).toBe(true)
    expect(connection.lost.aborted).toBe(true)
  })

  test('during a change leaves the outcome unknown', async () => {
    const facts =
      'host\tprotocol\t1\nhost\thelper\t1\nhost\tdovecot\t2\nhost\tdovecot-state\trunning\nhost\thostname\tx\nhost\tlog\tnone\nhost\tmax-limit\t9\nhost\tchanges\tyes\nhost\tclock\t1\nhost\tutc-offset\t0\nend\tok\thello\n'
    const good = await device({
      run: (channel, request) => {
        if (request.endsWith('hello')) finish(channel, facts)
        else channel.write('step\tlock\tok\t1\t-\n')
      },
    })
    const host = helperMailHost(linkTo(good), clock)
    const change = host.apply({
      id: 'change-0001',
      service: 'imap',
      value: 20,
      client: undefined,
      digest: 'a'.repeat(64),
      actor: 'U1',
      expiresAtMs: 1,
    })
    expect((await change.next()).value).toMatchObject({ name: 'lock' })
    good.drop()
    await expect(change.next()).rejects.toMatchObject({ code: 'outcome-unknown', retryable: true })
  })

  test('without a word is noticed by keepalives, also while a channel is being opened', async () => {
    const good = await device({ run: () => {} })
    const proxy = await tcpProxy(good.port)
    toClose.push(async () => proxy[Symbol.asyncDispose]())
    const made = link(
      [hopTo(proxy.port, good.knownHosts(`[127.0.0.1]:${proxy.port}`), { connectTimeoutMs: 300 })],
      {
        keepaliveMs: 50,
        keepaliveMisses: 2,
      },
    )
    await reached(made, 'up')
    const asked = helperMailHost(made, clock).hello()
    await wait(30)
    proxy.swallow()
    const startedAtMs = performance.now()
    const opening = fault(made)
    await expect(asked).rejects.toMatchObject({
      code: 'connection-lost',
      message: /does not answer any more/,
    })
    expect(await opening).toMatchObject({ code: 'connection-lost' })
    expect(performance.now() - startedAtMs).toBeLessThan(SSH_LINK_TIMINGS.openMs)
  })

  test('the defaults notice a dead connection within 15 s', () => {
    expect(SSH_LINK_TIMINGS.keepaliveMs * (SSH_LINK_TIMINGS.keepaliveMisses + 1)).toBeLessThanOrEqual(15_000)
  })
})

describe('waiting for a host', () => {
  test('"when-up" waits through failures, "now" tells them', async () => {
    const good = await device({ run: () => {} })
    let reachable = false
    const made = link(() => Promise.resolve([hopTo(good.port, reachable ? good.knownHosts() : '')]))
    const patient = made.open('when-up', never)
    expect(await fault(made)).toMatchObject({ code: 'host-key-unknown' })
    reachable = true
    const channel = await patient
    channel.close()
  })

  test('it tells since when the host is away, and why, also while the next try is under way', async () => {
    const seen: LinkState[] = []
    const made = link([hopTo(1, '')], { retryFirstMs: 5, retryMostMs: 5 })
    const { sinceMs } = made.state()
    made.onState((state) => seen.push(state))
    while (seen.length < 4) await wait(5)
    const fault = expect.objectContaining({ code: 'unreachable' })
    expect(seen.slice(0, 4)).toMatchObject([
      { kind: 'down', sinceMs, fault },
      { kind: 'connecting', sinceMs, fault },
      { kind: 'down', sinceMs, fault },
      { kind: 'connecting', sinceMs, fault },
    ])
  })

  test('whoever is looking need not wait for the next try, but one try follows another only after a while', async () => {
    const strict = await device({ authorized: newKeyPair() })
    const slow = { retryFirstMs: 60_000, retryMostMs: 120_000 }
    const early = linkTo(strict, {}, slow)
    await reached(early, 'down')
    early.trySoon()
    await wait(50)
    expect(early.state().kind).toBe('down')
    const later = linkTo(strict, {}, { ...slow, leastWaitForAPersonMs: 0 })
    await reached(later, 'down')
    later.trySoon()
    await reached(later, 'connecting')
    await reached(later, 'down')
    await wait(100)
    expect(strict.counts.connections).toBe(3)
  })

  test('an abort ends the wait, for the connection and for a place', async () => {
    const abort = new AbortController()
    const waiting = link([hopTo(1, '')]).open('when-up', abort.signal)
    setImmediate(() => abort.abort(new Error('enough')))
    await expect(waiting).rejects.toThrow('enough')

    const made = linkTo(await device({ run: () => {} }))
    const taken = await Promise.all(Array.from({ length: 5 }, () => made.open('now', never)))
    const second = new AbortController()
    const sixth = made.open('now', second.signal)
    setTimeout(() => second.abort(new Error('no place')), 20)
    await expect(sixth).rejects.toThrow('no place')
    taken[0]?.close()
    const seventh = await made.open('now', never)
    for (const channel of [...taken, seventh]) channel.close()
  })

  test('closing while it connects, waits or hangs leaves nothing', async () => {
    const silent = await tcpProxy((await device()).port)
    silent.swallow()
    toClose.push(async () => silent[Symbol.asyncDispose]())
    const connecting = link([hopTo(silent.port, '')])
    const waiting = connecting.open('when-up', never)
    setTimeout(() => void connecting.close(), 20)
    await expect(waiting).rejects.toMatchObject({ code: 'link-closed' })

    const good = await device({ run: () => {} })
    const up = linkTo(good)
    const asked = helperMailHost(up, clock).hello()
    while (good.requests.length === 0) await wait(5)
    await up.close()
    await expect(asked).rejects.toMatchObject({ code: 'link-closed' })

    const down = link([hopTo(1, '')], { retryFirstMs: 60_000, retryMostMs: 120_000 })
    await reached(down, 'down')
    await down.close()
    expect(down.state().kind).toBe('closed')
  })
})

describe('jump hosts', () => {
  test('the host is reached through them, each with its own verified key', async () => {
    const inner = await device({
      authorized: client,
      run: (channel) => finish(channel, 'end\trefused\tunknown\n'),
    })
    const gate = await device({ authorized: client, forward: (port) => connect(port, '127.0.0.1') })
    const route = [
      hopTo(gate.port, gate.knownHosts(), { name: 'gate' }),
      hopTo(1, inner.knownHosts('inner'), { hostName: 'inner', port: inner.port, hostKeyAlias: 'inner' }),
    ]
    const made = link(route)
    expect(await helperMailHost(made, clock).status('change-0001')).toMatchObject({
      end: { kind: 'unknown' },
    })
    expect([gate.counts.logins, inner.counts.logins]).toEqual([1, 1])
    gate.drop()
    await reached(made, 'down')
    await reached(made, 'up')
  })

  test('a wrong key is refused on either hop, and told of the right one', async () => {
    const inner = await device()
    const gate = await device({ forward: (port) => connect(port, '127.0.0.1') })
    const toGate = hopTo(gate.port, gate.knownHosts(), { name: 'gate' })
    const first = await fault(
      link([{ ...toGate, knownHostsFiles: [] }, hopTo(inner.port, inner.knownHosts())]),
    )
    expect(first).toMatchObject({ code: 'host-key-unknown', context: { host: 'gate' } })
    const second = await fault(link([toGate, hopTo(inner.port, '')]))
    expect(second).toMatchObject({ code: 'host-key-unknown', context: { host: 'mail1' } })
    expect(inner.counts.logins).toBe(0)
  })

  test('a jump host that forwards nothing is said so', async () => {
    const gate = await device()
    const error = await fault(link([hopTo(gate.port, gate.knownHosts()), hopTo(2, '')]))
    expect(error).toMatchObject({ code: 'unreachable', hint: expect.stringContaining('AllowTcpForwarding') })
  })
})
