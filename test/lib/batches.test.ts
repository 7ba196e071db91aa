import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batches } from '../../src/lib/batches.ts'

const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

async function* numbers(count: number, state: { pulled: number; ended: boolean }, pauseEvery = 0) {
  try {
    for (let i = 0; i < count; i++) {
      state.pulled++
      if (pauseEvery > 0 && i % pauseEvery === 0) await tick()
      yield i
    }
  } finally {
    state.ended = true
  }
}

describe('batches', () => {
  it('give every item once and in order, whatever the pace', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(200),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(5),
        async (count, most, pauseEvery) => {
          const seen: number[] = []
          for await (const batch of batches(numbers(count, { pulled: 0, ended: false }, pauseEvery), most)) {
            expect(batch.length).toBeGreaterThan(0)
            expect(batch.length).toBeLessThanOrEqual(most)
            seen.push(...batch)
            if (seen.length % 3 === 0) await tick()
          }
          expect(seen).toEqual(Array.from({ length: count }, (_, i) => i))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('take all that has arrived at once, also while the consumer works and comes back', async () => {
    async function* arriving() {
      for (let chunk = 0; chunk < 5; chunk++) {
        await tick()
        for (let i = 0; i < 100; i++) yield i
      }
    }
    const sizes: number[] = []
    for await (const batch of batches(arriving(), 500)) sizes.push(batch.length)
    expect(sizes.length).toBeLessThanOrEqual(10)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(500)
  })

  it('stop pulling when nobody takes them', async () => {
    const state = { pulled: 0, ended: false }
    const reading = batches(numbers(1_000_000, state), 10)
    await reading.next()
    for (let i = 0; i < 50; i++) await tick()
    expect(state.pulled).toBeLessThanOrEqual(21)
    await reading.return()
    expect(state.ended).toBe(true)
  })

  it('hand over what came before an error, then the error', async () => {
    async function* failing() {
      yield 1
      yield 2
      throw new Error('the link broke')
    }
    const seen: number[] = []
    const read = async () => {
      for await (const batch of batches(failing(), 10)) seen.push(...batch)
    }
    await expect(read()).rejects.toThrow('the link broke')
    expect(seen).toEqual([1, 2])
  })
})
