import { createHash } from 'node:crypto'

const MARK_BYTES = 256

/** The mark just after this line, as the helper would compute it from the file: sha256 of the line with its LF, cut to its last 256 bytes. */
export function markOf(raw: Uint8Array): string {
  const tail = raw.subarray(Math.max(0, raw.length - (MARK_BYTES - 1)))
  return createHash('sha256').update(tail).update('\n').digest('hex')
}
