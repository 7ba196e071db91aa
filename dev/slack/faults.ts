import type { Args } from './web-api/args.ts'

/** What goes wrong with a Web API call. */
export type FaultKind =
  /** HTTP 429 with Retry-After; nothing is done. */
  | { readonly kind: 'rate-limited'; readonly retryAfterS: number }
  /** The call is carried out, then the connection breaks before the answer. */
  | { readonly kind: 'answer-lost' }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'connection-lost' }
  /** An HTTP status instead of an answer; `commit`: the call is carried out all the same. */
  | { readonly kind: 'http-error'; readonly status: number; readonly commit?: boolean }
  /** No answer ever comes; `commit`: the call is carried out all the same. */
  | { readonly kind: 'hang'; readonly commit?: boolean }
  /** The answer comes late. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** `{ok: false, error}`. */
  | { readonly kind: 'error'; readonly error: string }

export type Fault = FaultKind & {
  /** Such as `chat.postMessage`; undefined for any method. */
  readonly method?: string
  /** How many calls it hits; 1 unless said otherwise, Infinity until cleared. */
  readonly times?: number
  /** Only calls with these arguments. */
  readonly match?: (args: Args) => boolean
}

/** Faults on demand. The oldest one that fits a call hits it. */
export type Faults = {
  /** The returned function takes it back. */
  add(fault: Fault): () => void
  clear(): void
  /** The fault that hits this call; counts it as used. */
  take(method: string, args: Args): Fault | undefined
}

export function createFaults(): Faults {
  let waiting: { fault: Fault; left: number }[] = []
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? 1 }
      waiting.push(entry)
      return () => {
        waiting = waiting.filter((other) => other !== entry)
      }
    },
    clear() {
      waiting = []
    },
    take(method, args) {
      const entry = waiting.find(
        ({ fault }) => (fault.method ?? method) === method && (fault.match?.(args) ?? true),
      )
      if (entry === undefined) return undefined
      entry.left -= 1
      if (entry.left <= 0) waiting = waiting.filter((other) => other !== entry)
      return entry.fault
    },
  }
}
