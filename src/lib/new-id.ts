import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghijklmnopqrstuv'

/** A random name of 12 characters (60 bits) that is safe in URLs, file names and the host's protocol. */
export function newId(): string {
  return Array.from(randomBytes(12), (byte) => ALPHABET[byte % 32]).join('')
}
