import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostKeyFault } from '../../src/hosts/host-key-fault.ts'
import {
  fingerprintOf,
  judgeHostKey,
  keyTypeOf,
  parseKnownHosts,
  pinnedKeyTypes,
  pinsOf,
  readKnownHosts,
} from '../../src/hosts/known-hosts.ts'
import { cpuTimeMs } from '../lib/cpu-time.ts'

let folder: string
const keys = new Map<string, { line: string; blob: Buffer; fingerprint: string }>()

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'known-hosts-'))
  for (const [name, type] of [
    ['ed', 'ed25519'],
    ['other', 'ed25519'],
    ['ec', 'ecdsa'],
    ['rsa', 'rsa'],
  ] as const) {
    const path = join(folder, name)
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', `comment of ${name}`, '-f', path])
    const line = readFileSync(`${path}.pub`, 'utf8').trim()
    const shown = execFileSync('ssh-keygen', ['-lf', `${path}.pub`], { encoding: 'utf8' })
    keys.set(name, {
      line,
      blob: Buffer.from(line.split(' ')[1] ?? '', 'base64'),
      fingerprint: shown.split(' ')[1] ?? '',
    })
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

function key(name: string) {
  const found = keys.get(name)
  if (found === undefined) throw new Error(`no key ${name}`)
  return found
}

function verdict(text: string, host: string, port: number | undefined, offered: string) {
  return judgeHostKey(pinsOf(parseKnownHosts(text, 'kh'), host, port), key(offered).blob)
}

test('a key names its type, and its fingerprint is the one that ssh-keygen shows', () => {
  for (const name of ['ed', 'ec', 'rsa']) {
    expect(fingerprintOf(key(name).blob)).toBe(key(name).fingerprint)
    expect(keyTypeOf(key(name).blob)).toBe(key(name).line.split(' ')[0])
  }
  expect(keyTypeOf(Buffer.from([0, 0, 0, 9, 65]))).toBeUndefined()
  expect(keyTypeOf(Buffer.alloc(2))).toBeUndefined()
})

describe('a host is found as ssh-keygen -F finds it', () => {
  const fields = [
    'mail1',
    'MAIL1,10.0.0.1',
    '*.example.org',
    '*.example.org,!secret.example.org',
    '!secret.example.org,*.example.org',
    '!*',
    'mail?',
    '[mail1]:2222',
    '[*.example.org]:2222',
    '10.0.0.*',
    '[2001:db8::1]:2222,2001:db8::1',
    '*',
    '**a*',
    '[mail1]:22',
  ]
  const names = [
    'mail1',
    'Mail1',
    'mail',
    'mail12',
    'a.example.org',
    'secret.example.org',
    'example.org',
    '[mail1]:2222',
    '[a.example.org]:2222',
    '[mail1]:22',
    '10.0.0.77',
    '2001:db8::1',
    '[2001:db8::1]:2222',
  ]

  test.each(fields)('with the field %s', (field) => {
    const file = join(folder, 'one')
    writeFileSync(file, `${field} ${key('ed').line}\n`)
    for (const name of names) {
      const mine = pinsOf(parseKnownHosts(readFileSync(file, 'latin1'), file), name, undefined)
      expect(`${name}: ${mine.pinned.length === 1}`).toBe(`${name}: ${keygenFinds(file, name)}`)
    }
  })

  test('after ssh-keygen -H hashed every plain name', () => {
    const file = join(folder, 'hashed')
    writeFileSync(file, `mail1,10.0.0.1 ${key('ed').line}\n[mail2]:2222 ${key('ec').line}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    const text = readFileSync(file, 'latin1')
    expect(text.split('\n').filter((line) => line.startsWith('|1|'))).toHaveLength(3)
    for (const [host, port, offered] of [
      ['mail1', 22, 'ed'],
      ['10.0.0.1', 22, 'ed'],
      ['mail2', 2222, 'ec'],
    ] as const) {
      expect(verdict(text, host, port, offered).kind).toBe('known')
      expect(verdict(text, host, port, 'other').kind).toBe('changed')
    }
    expect(verdict(text, 'mail2', 22, 'ec').kind).toBe('unknown')
    expect(verdict(text, 'mail9', 22, 'ed').kind).toBe('unknown')
  })

  function keygenFinds(file: string, name: string): boolean {
    try {
      execFileSync('ssh-keygen', ['-F', name, '-f', file], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
})

test('an unknown host is never trusted', () => {
  expect(verdict('', 'mail1', 22, 'ed')).toEqual({ kind: 'unknown' })
  expect(verdict(`mail2 ${key('ed').line}`, 'mail1', 22, 'ed')).toEqual({ kind: 'unknown' })
})

test('another key, and another type of key, than the pinned one is changed', () => {
  expect(verdict(`mail1 ${key('ed').line}`, 'mail1', 22, 'other').kind).toBe('changed')
  expect(verdict(`mail1 ${key('ed').line}`, 'mail1', 22, 'rsa').kind).toBe('changed')
})

test('one of several pinned keys is enough, and their types are told', () => {
  const text = `mail1 ${key('rsa').line}\nmail1 ${key('ec').line}\n`
  expect(verdict(text, 'mail1', 22, 'ec')).toMatchObject({ kind: 'known', at: { file: 'kh', line: 2 } })
  expect(pinnedKeyTypes(pinsOf(parseKnownHosts(text, 'kh'), 'mail1', 22))).toEqual([
    'ssh-rsa',
    'ecdsa-sha2-nistp256',
  ])
})

test('a revoked key stays revoked, whatever else pins it', () => {
  const text = `mail1 ${key('ed').line}\n@revoked * ${key('ed').line}\n`
  expect(verdict(text, 'mail1', 22, 'ed')).toMatchObject({ kind: 'revoked', at: { line: 2 } })
  expect(verdict(`@revoked mail2 ${key('ed').line}\nmail1 ${key('ed').line}`, 'mail1', 22, 'ed').kind).toBe(
    'known',
  )
  expect(
    verdict(`@revoked mail1 ${key('ed').line}\n[mail1]:2222 ${key('ed').line}`, 'mail1', 2222, 'ed').kind,
  ).toBe('revoked')
})

test('an authority alone pins nothing', () => {
  expect(verdict(`@cert-authority *.org ${key('ed').line}`, 'a.org', 22, 'ed').kind).toBe('authority-only')
})

test('a key that is pinned without the port is accepted at another port, as OpenSSH does, but makes nothing changed', () => {
  expect(verdict(`mail1 ${key('ed').line}`, 'mail1', 2222, 'ed').kind).toBe('known')
  expect(verdict(`mail1 ${key('ed').line}`, 'mail1', 2222, 'other').kind).toBe('unknown')
  expect(verdict(`[mail1]:2222 ${key('ed').line}`, 'mail1', 22, 'ed').kind).toBe('unknown')
})

test('an alias stands for host and port', () => {
  expect(verdict(`mail-alias ${key('ed').line}`, 'mail-alias', undefined, 'ed').kind).toBe('known')
})

test('lines that cannot be read are skipped and remembered', () => {
  const encoded = key('ed').line.split(' ')[1] ?? ''
  const text = [
    '# a comment',
    '',
    `mail1 ssh-ed25519`,
    `mail1 ssh-ed25519 ${encoded.slice(0, 20)}`,
    `mail1 ssh-rsa ${encoded}`,
    `mail1 ssh-ed25519 !${encoded}`,
    `@unheard-of mail1 ${key('ed').line}`,
    `  mail1\t${key('ed').line}\r`,
  ].join('\n')
  const parsed = parseKnownHosts(text, 'kh')
  expect(parsed.unusable.map((one) => one.line)).toEqual([3, 4, 5, 6, 7])
  expect(parsed.lines.map((one) => one.line)).toEqual([8])
})

test('no bytes at all make the reader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, host) => {
      const verdict = judgeHostKey(pinsOf(parseKnownHosts(text, 'kh'), host, 22), key('ed').blob)
      expect(['unknown', 'authority-only', 'changed', 'known', 'revoked']).toContain(verdict.kind)
    }),
  )
})

test('a pattern of many stars against a long name is no work', () => {
  const text = `${'*a'.repeat(60)}b ${key('ed').line}`
  const tookMs = cpuTimeMs(() => expect(verdict(text, 'a'.repeat(2000), 22, 'ed').kind).toBe('unknown'))
  expect(tookMs).toBeLessThan(500)
})

test('several files are one; a missing one is empty, an unreadable one a fault', async () => {
  const first = join(folder, 'first')
  const second = join(folder, 'second')
  writeFileSync(first, `mail1 ${key('ed').line}\n`)
  writeFileSync(second, `mail1 ${key('rsa').line}\n`)
  const all = await readKnownHosts([first, join(folder, 'absent'), second])
  expect(all.lines.map((line) => line.file)).toEqual([first, second])
  await expect(readKnownHosts([folder])).rejects.toMatchObject({ code: 'known-hosts-unreadable' })
})

describe('the refusal says what to compare and how to pin', () => {
  function fault(text: string, offered: string, port = 2222) {
    const pins = pinsOf(parseKnownHosts(text, '/etc/kh'), 'mail1', port)
    const verdict = judgeHostKey(pins, key(offered).blob)
    if (verdict.kind === 'known') throw new Error('known')
    return hostKeyFault('mail1', pins, key(offered).blob, verdict)
  }

  test('of an unknown key; the command really pins it', () => {
    const error = fault('mail1-typo\n', 'ed')
    expect(error).toMatchObject({ code: 'host-key-unknown', retryable: false })
    expect(error.message).toContain(key('ed').fingerprint)
    expect(error.message).toContain('/etc/kh:1')
    expect(error.hint).toContain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')
    const file = join(folder, 'pinned-by-hint')
    const command = error.hint?.slice(error.hint.indexOf('printf')).replace('/etc/kh', file) ?? ''
    execFileSync('sh', ['-c', command])
    expect(verdict(readFileSync(file, 'utf8'), 'mail1', 2222, 'ed').kind).toBe('known')
  })

  test('of a changed key, with the place of the pin', () => {
    const error = fault(`# one\n[mail1]:2222 ${key('ec').line}\n`, 'ed')
    expect(error.code).toBe('host-key-changed')
    expect(error.message).toContain(`/etc/kh:2 pins ecdsa-sha2-nistp256 ${key('ec').fingerprint}`)
    expect(error.message).toContain(key('ed').fingerprint)
    expect(error.hint).toContain("ssh-keygen -R '[mail1]:2222' -f /etc/kh")
  })

  test('of a revoked key and of a host that only an authority vouches for', () => {
    expect(fault(`@revoked * ${key('ed').line}`, 'ed')).toMatchObject({ code: 'host-key-revoked' })
    expect(fault(`@cert-authority * ${key('ec').line}`, 'ed').message).toContain('not supported')
  })
})
