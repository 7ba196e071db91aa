import type { Clock } from '../lib/clock.ts'
import type { OpsError } from '../lib/errors.ts'
import type { LinkState } from './host-link.ts'

type NewState =
  | { readonly kind: 'connecting' | 'up' | 'closed' }
  | { readonly kind: 'down'; readonly fault: OpsError; readonly retryAtMs: number }

/** Holds the state of a link and tells whoever listens. */
export type LinkStates = {
  readonly current: LinkState
  enter(state: NewState): void
  listen(listener: (state: LinkState) => void): () => void
  /** Waits until `settled` says yes to a state; rejects with the signal's reason. */
  until(settled: (state: LinkState) => boolean, signal: AbortSignal): Promise<LinkState>
}

export function linkStates(clock: Clock): LinkStates {
  let current: LinkState = { kind: 'connecting', sinceMs: clock.now() }
  const listeners = new Set<(state: LinkState) => void>()

  function listen(listener: (state: LinkState) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    get current() {
      return current
    },
    enter(state) {
      if (state.kind === current.kind && state.kind !== 'down') return
      current = { ...state, sinceMs: clock.now() }
      for (const listener of listeners) listener(current)
    },
    listen,
    until(settled, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason)
          return
        }
        if (settled(current)) {
          resolve(current)
          return
        }
        const done = () => {
          stop()
          signal.removeEventListener('abort', onAbort)
        }
        const onAbort = () => {
          done()
          reject(signal.reason)
        }
        const stop = listen((state) => {
          if (!settled(state)) return
          done()
          resolve(state)
        })
        signal.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}
