import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPublicKey } from '../../src/cli/public-key.ts'
import { emptyFolder } from './maillimit.ts'

describe('the public key that is sent to a host', () => {
  it.each([
    ['ed25519', []],
    ['rsa', ['-b', '2048']],
    ['ecdsa', ['-b', '384']],
  ])('is read with its fingerprint, as ssh-keygen shows it: %s', async (type, bits) => {
    await using folder = await emptyFolder()
    const path = join(folder.path, 'key')
    execFileSync('ssh-keygen', [
      '-q',
      '-t',
      type,
      ...bits,
      '-N',
      '',
      '-C',
      "it's <me>; $(id) `id`",
      '-f',
      path,
    ])
    const shown = execFileSync('ssh-keygen', ['-l', '-f', `${path}.pub`], { encoding: 'utf8' }).split(' ')[1]
    const key = readPublicKey(`${path}.pub`)
    if (key.kind !== 'key') throw new Error(key.what)
    expect(key.fingerprint.split(' ')[1]).toBe(shown)
    const [keyType, encoded] = readFileSync(`${path}.pub`, 'utf8').split(' ')
    expect(key.line).toBe(`${keyType} ${encoded} its-me-id-id`)

    expect(readPublicKey(path)).toMatchObject({
      kind: 'unusable',
      what: expect.stringContaining('private key'),
    })
  })

  it.each([
    ['nothing', ''],
    ['a sentence', 'this is my key\n'],
    ['two keys', 'ssh-ed25519 AAAA\nssh-ed25519 AAAA\n'],
    [
      'options before the key',
      'command="id" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA0ODkiI1LUx9cop2TZp0880P\n',
    ],
    [
      'a type that is not the blob’s',
      'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA0ODkiI1LUx9cop2TZp0880P+TzRcZDvesl2BcVgDLj\n',
    ],
    ['bytes', '\0\x01\xff'],
  ])('is not %s', async (_what, content) => {
    await using folder = await emptyFolder()
    const path = join(folder.path, 'key.pub')
    writeFileSync(path, content, 'latin1')
    expect(readPublicKey(path)).toMatchObject({
      kind: 'unusable',
      remedy: expect.stringContaining('ssh-keygen'),
    })
  })

  it('is asked for when it is missing or not named', () => {
    expect(readPublicKey(undefined)).toMatchObject({ kind: 'unusable' })
    expect(readPublicKey('/nowhere/key.pub')).toMatchObject({ what: 'there is no file /nowhere/key.pub.' })
    expect(readPublicKey('/')).toMatchObject({ what: expect.stringContaining('EISDIR') })
  })
})
