import { resolve } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { withFileLock } from '../../dev/mailhost/file-lock.ts'

const LOCK = resolve(import.meta.dirname, '../../.cache/one-at-a-time.lock')

/** Files that say so at their top run one after another, whatever else runs beside them. */
export function oneAtATime(): void {
  const over = Promise.withResolvers<void>()
  let turn: Promise<void> = Promise.resolve()
  beforeAll(async () => {
    const held = Promise.withResolvers<void>()
    turn = withFileLock(
      LOCK,
      () => undefined,
      async () => {
        held.resolve()
        await over.promise
      },
    )
    await Promise.race([held.promise, turn])
  })
  afterAll(async () => {
    over.resolve()
    await turn
  })
}
