import type { Clock } from '../lib/clock.ts'
import type { OpsError } from '../lib/errors.ts'
import type { LinkState } from './host-link.ts'

type NewState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'up' | 'closed' }
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
  let current: LinkState = { kind: 'connecting', sinceMs: clock.now(), fault: undefined }
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
      current = next(current, state, clock.now())
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

function next(before: LinkState, state: NewState, nowMs: number): LinkState {
  if (state.kind === 'up' || state.kind === 'closed') return { kind: state.kind, sinceMs: nowMs }
  const sinceMs = before.kind === 'connecting' || before.kind === 'down' ? before.sinceMs : nowMs
  if (state.kind === 'down') return { ...state, sinceMs }
  return { kind: 'connecting', sinceMs, fault: before.kind === 'down' ? before.fault : undefined }
}
