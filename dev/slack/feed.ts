/** One thing that changed in the workspace; `detail` is JSON. */
type FeedEvent = {
  readonly kind:
    | 'message'
    | 'ephemeral'
    | 'view'
    | 'home'
    | 'notice'
    | 'call'
    | 'socket'
    | 'envelope'
    | 'directory'
    | 'panel'
  readonly detail: unknown
}

/** Tells the page and the wait methods that something changed. */
export type Feed = {
  emit(kind: FeedEvent['kind'], detail: unknown): void
  /** The returned function ends the subscription. */
  subscribe(listener: (event: FeedEvent) => void): () => void
}

export function createFeed(): Feed {
  const listeners = new Set<(event: FeedEvent) => void>()
  return {
    emit(kind, detail) {
      for (const listener of Array.from(listeners)) listener({ kind, detail })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
