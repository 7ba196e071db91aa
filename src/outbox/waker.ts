import type { Clock } from '../lib/clock.ts'

/** Lets loops sleep until something happens; what happens between looking and sleeping is not missed. */
export class Waker {
  #count = 0
  readonly #sleepers = new Set<() => void>()

  /** Read it before looking at what there is to do. */
  get count(): number {
    return this.#count
  }

  wake(): void {
    this.#count++
    for (const wakeUp of this.#sleepers) wakeUp()
  }

  /** Until somebody wakes it after `seen`, the instant comes, or the signal is aborted. */
  sleep(seen: number, clock: Clock, untilMs: number | undefined, signal: AbortSignal): Promise<void> {
    if (this.#count !== seen || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = untilMs === undefined ? () => {} : clock.after(untilMs - clock.now(), () => wakeUp())
      const wakeUp = () => {
        cancel()
        this.#sleepers.delete(wakeUp)
        signal.removeEventListener('abort', wakeUp)
        resolve()
      }
      this.#sleepers.add(wakeUp)
      signal.addEventListener('abort', wakeUp)
    })
  }
}
