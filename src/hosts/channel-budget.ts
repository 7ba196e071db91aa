/** Lends a fixed number of places, first come first served. */
export type ChannelBudget = {
  /** Resolves with the function that gives the place back; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>
}

export function channelBudget(places: number): ChannelBudget {
  let free = places
  const waiting: (() => void)[] = []

  function lend(): () => void {
    let lent = true
    return () => {
      if (!lent) return
      lent = false
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }

  return {
    take(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason)
          return
        }
        if (free > 0) {
          free--
          resolve(lend())
          return
        }
        const onAbort = () => {
          waiting.splice(waiting.indexOf(go), 1)
          reject(signal.reason)
        }
        const go = () => {
          signal.removeEventListener('abort', onAbort)
          resolve(lend())
        }
        waiting.push(go)
        signal.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}
