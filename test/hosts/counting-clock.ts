import { systemClock, type Clock } from '../../src/lib/clock.ts'

/** The real clock, which knows how many of its timers are still set. */
export function countingClock(): Clock & { readonly set: () => number } {
  const timers = new Set<() => void>()
  return {
    now: () => systemClock.now(),
    after(delayMs, run) {
      const cancel = systemClock.after(delayMs, () => {
        timers.delete(cancel)
        run()
      })
      timers.add(cancel)
      return () => {
        timers.delete(cancel)
        cancel()
      }
    },
    set: () => timers.size,
  }
}
