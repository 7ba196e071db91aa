import { DatabaseSync } from 'node:sqlite'
import { OpsError } from '../lib/errors.ts'
import { storeFault } from './store-fault.ts'

/**
 * Keeps a second bot away from the same state for as long as this process lives, and lets people read it with sqlite3 meanwhile.
 * The kernel drops the lock of a process that dies, however it dies. Returns what lets go of it.
 */
export function lockStore(path: string): () => void {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    const fault = storeFault(error, `${path}.lock`)
    if (!(fault instanceof OpsError) || fault.code !== 'store-in-use') throw fault
    throw new OpsError('store-in-use', `another maillimit is running on ${path}`, {
      hint: 'Stop the other one first; two bots on one state would do everything twice.',
      context: { path },
      cause: error,
    })
  }
  return () => lock.close()
}
