import { readFileSync } from 'node:fs'
import { fingerprintOf, keyTypeOf } from '../hosts/known-hosts.ts'

export type PublicKey =
  | { readonly kind: 'key'; readonly line: string; readonly fingerprint: string; readonly file: string }
  | { readonly kind: 'unusable'; readonly what: string; readonly remedy: string }

const MAKE_ONE =
  'Make one with: ssh-keygen -t ed25519 -N "" -f maillimit-key    then set SSH_KEY to maillimit-key, or give --key maillimit-key.pub'

/** Reads the bot's public key, and looks twice that it is no private one: what is sent to a host must not be a secret. */
export function readPublicKey(file: string | undefined): PublicKey {
  if (file === undefined) return unusable('which key the bot has is not known.', MAKE_ONE)
  let text: string
  try {
    text = readFileSync(file, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT'
      ? unusable(`there is no file ${file}.`, MAKE_ONE)
      : unusable(`${file} cannot be read: ${code}.`, 'Give the public key, the file that ends in .pub.')
  }
  if (text.includes('PRIVATE KEY')) {
    return unusable(
      `${file} is a private key. It never leaves this machine; nothing was sent.`,
      'Give the file that ends in .pub.',
    )
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const [type = '', encoded = '', ...comment] = lines[0]?.trim().split(/\s+/) ?? []
  const blob = Buffer.from(encoded, 'base64')
  if (lines.length !== 1 || type === '' || keyTypeOf(blob) !== type) {
    return unusable(`${file} does not hold one public key line (TYPE BASE64 COMMENT).`, MAKE_ONE)
  }
  // The comment helps people to tell keys apart; everything but plain letters is dropped.
  const plain = comment
    .join('-')
    .replace(/[^A-Za-z0-9@._-]/g, '')
    .slice(0, 64)
  return {
    kind: 'key',
    line: `${type} ${blob.toString('base64')} ${plain || 'maillimit'}`,
    fingerprint: `${type} ${fingerprintOf(blob)}`,
    file,
  }
}

function unusable(what: string, remedy: string): PublicKey {
  return { kind: 'unusable', what, remedy }
}
