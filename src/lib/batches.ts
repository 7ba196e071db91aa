/**
 * Groups what a source yields into arrays of everything that is there: one item when little comes, up to `most` when much does.
 * While the consumer works at one batch at most `most` further items are pulled, so a slow consumer slows the source down.
 */
export async function* batches<T>(
  source: AsyncIterable<T>,
  most: number,
): AsyncGenerator<readonly T[], void, void> {
  const iterator = source[Symbol.asyncIterator]()
  let waiting: T[] = []
  let end: { readonly error?: unknown } | undefined
  let wakeConsumer = () => {}
  let wakePump = () => {}
  let stopped = false

  const pump = async () => {
    try {
      while (!stopped) {
        const turn = await iterator.next()
        if (turn.done === true) break
        waiting.push(turn.value)
        wakeConsumer()
        if (waiting.length >= most) {
          await new Promise<void>((resolve) => {
            wakePump = resolve
          })
        }
      }
      end = {}
    } catch (error) {
      end = { error }
    }
    wakeConsumer()
  }
  const pumping = pump()

  try {
    for (;;) {
      if (waiting.length === 0 && end === undefined) {
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve
        })
      }
      if (waiting.length > 0) {
        for (let seen = 0; waiting.length > seen && waiting.length < most && end === undefined; ) {
          seen = waiting.length
          await oneTurn()
        }
        const batch = waiting
        waiting = []
        wakePump()
        yield batch
      } else if (end !== undefined) {
        if ('error' in end) throw end.error
        return
      }
    }
  } finally {
    stopped = true
    wakePump()
    // The pump may hang in next(); return() makes a well-behaved source end it.
    await iterator.return?.()
    await pumping
  }
}

/**
 * By the next turn of the event loop the pump has pulled all that has been read, and a further piece of what the kernel holds; without it,
 * consumer and pump would take turns, an item each.
 */
function oneTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
