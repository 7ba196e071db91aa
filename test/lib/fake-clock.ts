import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/lib/clock.ts'

/** Time that stands still until a test moves it; timers run in order, and what they start is let finish before the next. */
export class FakeClock implements Clock {
  #nowMs: number
  #timers: Array<{ readonly atMs: number; readonly run: () => void }> = []

  constructor(nowMs = Date.UTC(2026, 10, 24, 12)) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** How many timers wait: 0 when nothing was left behind. */
  get waiting(): number {
    return this.#timers.length
  }

  get nextAtMs(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map((timer) => timer.atMs))
  }

  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      await settled()
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > untilMs) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    this.#nowMs = untilMs
  }
}

/** Lets everything that can go on without time passing go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 25; turn++) await setImmediate()
}
