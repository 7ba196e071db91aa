import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/lib/clock.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'

export type OpenedStore = { readonly store: Store } & Disposable

/** A store in a file of its own, which goes with it. */
export function fileStore(clock: Clock): OpenedStore {
  const folder = mkdtempSync(join(tmpdir(), 'maillimit-store-'))
  const store = openStore(join(folder, 'state.db'), { clock })
  return {
    store,
    [Symbol.dispose]() {
      store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export function memoryStore(clock: Clock): OpenedStore {
  const store = openStore(':memory:', { clock })
  return { store, [Symbol.dispose]: () => store.close() }
}
