import type { Duplex } from 'node:stream'
import type { OpsError } from '../lib/errors.ts'

/** A way to one mail host that carries conversations: each `open` is one channel with a helper of its own at the other end. */
export type HostLink = {
  readonly name: string
  /**
   * `now`: waits while a connection is being made, fails with its fault when there is none. `when-up`: waits until the host can be
   * reached, however long that takes; only `signal` ends the wait.
   */
  open(patience: 'now' | 'when-up', signal: AbortSignal): Promise<Channel>
  state(): LinkState
  /** Called at each change of state, never for the present one; the returned function takes the listener away. */
  onState(listener: (state: LinkState) => void): () => void
  /** Cuts the wait before the next try short: somebody who may have mended the host is looking. */
  trySoon(): void
  /** Ends every channel; afterwards no timer and no socket is left. */
  close(): Promise<void>
}

/** `sinceMs`: since when the host is up, or since when it is not, however often it was tried meanwhile. */
export type LinkState =
  /** `fault`: why the try before failed, if the host was not up since. */
  | { readonly kind: 'connecting'; readonly sinceMs: number; readonly fault: OpsError | undefined }
  | { readonly kind: 'up'; readonly sinceMs: number }
  | { readonly kind: 'down'; readonly sinceMs: number; readonly fault: OpsError; readonly retryAtMs: number }
  | { readonly kind: 'closed'; readonly sinceMs: number }

/** Bytes to and from one helper. */
export type Channel = {
  /** Its readable side is the helper's standard output; paused reading holds the helper back. */
  readonly stream: Duplex
  /** Once the readable side has ended: why. Waits a moment for the helper's exit status, which may come after its last byte. */
  ending(): Promise<ChannelEnding>
  /** Harmless when repeated. */
  close(): void
}

export type ChannelEnding =
  /** The connection beneath broke. */
  | { readonly kind: 'lost'; readonly fault: OpsError }
  /** The helper ended, or nothing is known of it. `said`: the first bytes of its standard error. */
  | { readonly kind: 'ended'; readonly status: string | undefined; readonly said: string }
