import { sleep, type Clock } from './clock.ts'

/** A wait that somebody may cut short who cannot wait so long. */
export type Pause = {
  /** Waits `delayMs`, or at least `leastMs` of it when it is cut short. Ends early, without throwing, when `signal` is aborted. */
  readonly wait: (delayMs: number, signal: AbortSignal, leastMs?: number) => Promise<void>
  /** Cuts short what is being waited for now, if anything is. */
  readonly endSoon: () => void
}

export function pause(clock: Clock): Pause {
  let cut = new AbortController()
  return {
    async wait(delayMs, signal, leastMs = 0) {
      cut = new AbortController()
      const beganAtMs = clock.now()
      await sleep(clock, delayMs, AbortSignal.any([signal, cut.signal])).catch(() => {})
      if (!cut.signal.aborted) return
      // A clock that was set back meanwhile makes it no longer.
      const leftMs = Math.min(delayMs, leastMs) - Math.max(0, clock.now() - beganAtMs)
      if (leftMs > 0) await sleep(clock, leftMs, signal).catch(() => {})
    },
    endSoon: () => cut.abort(),
  }
}
