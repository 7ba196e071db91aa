import { createHash } from 'node:crypto'

/**
 * The name of one line for ever. Neither renaming nor compressing a generation changes its first line or a line's place in it, so
 * a line that is read twice, from whatever file, has the same name twice.
 */
export function eventIdOf(host: string, generation: string, position: string): string {
  return createHash('sha256').update(`${host}\0${generation}\0${position}`).digest('hex')
}
