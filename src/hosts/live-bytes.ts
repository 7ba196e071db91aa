import { Tail } from 'tail'
import type { Clock } from '../lib/clock.ts'

/** What is appended to a file, as it is appended. */
export type LiveBytes = {
  /** The next bytes; `quiet` after `waitMs` without any; `lost` when they no longer come from here: read them yourself, and begin anew. */
  next(waitMs: number, signal: AbortSignal): Promise<Buffer | 'quiet' | 'lost'>
  stop(): void
}

/** tail knows no back-pressure: beyond this it is stopped, and whoever reads slowly reads from the file instead. */
const QUEUE_BYTES = 1024 * 1024

/**
 * npm's tail from byte `position` on. By itself it loses lines: it finds out late that its file was renamed, and drops its queue then. So it
 * is told not to follow, gives raw chunks instead of lines, and is never believed beyond a rename; `latin1` keeps every byte as it is.
 */
export function liveBytes(path: string, position: number, clock: Clock): LiveBytes {
  const queue: Buffer[] = []
  let queued = 0
  let lost = false
  let wake = () => {}
  let tail: Tail | undefined

  function stop(): void {
    lost = true
    tail?.unwatch()
    wake()
  }

  try {
    tail = new Tail(path, { follow: false, separator: null, encoding: 'latin1' })
    tail.unwatch()
    // Stays after the end: a read that is under way may still fail.
    tail.on('error', stop)
    tail.on('line', (chunk) => {
      if (lost) return
      queue.push(Buffer.from(chunk, 'latin1'))
      queued += chunk.length
      if (queued > QUEUE_BYTES) stop()
      wake()
    })
    tail.watch(position, true)
  } catch {
    // No such file any more, or no inotify watch to be had.
    stop()
  }

  return {
    async next(waitMs, signal) {
      signal.throwIfAborted()
      if (queue.length === 0 && !lost) await untilWoken(waitMs, signal)
      signal.throwIfAborted()
      const chunk = queue.shift()
      if (chunk === undefined) return lost ? 'lost' : 'quiet'
      queued -= chunk.length
      return chunk
    },
    stop,
  }

  function untilWoken(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal.removeEventListener('abort', done)
        wake = () => {}
        resolve()
      }
      const cancel = clock.after(waitMs, done)
      signal.addEventListener('abort', done, { once: true })
      wake = done
    })
  }
}
