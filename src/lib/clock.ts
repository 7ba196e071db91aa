/**
 * The only source of time. Instants are milliseconds since 1970 (UTC).
 * Timers hold the process open unless `unref` is set.
 */
export type Clock = {
  now(): number
  /** Calls `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    // setTimeout fires at once for delays over 2^31-1 ms; whoever waits that long asks again when woken.
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), 2_147_483_647))
    return () => clearTimeout(timer)
  },
}

/** Waits `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
