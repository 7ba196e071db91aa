import { sleep, type Clock } from '../lib/clock.ts'
import { liveBytes } from './live-bytes.ts'
import type { OpenGeneration } from './open-generation.ts'

const READ_BYTES = 256 * 1024
/** How often to look where the kernel does not tell. */
const POLL_MS = 200
const NOTHING: Buffer = Buffer.alloc(0)

/**
 * Every byte of a growing file from a position on, in order and once: first by our own descriptor, then live. Empty chunks come while it is
 * quiet, so that whoever reads can see to other things. Ends with `truncated`, or with `moved` when the name leads to another file.
 */
export async function* growingBytes(
  generation: OpenGeneration,
  path: string,
  from: number,
  clock: Clock,
  lookMs: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer | 'moved' | 'truncated', void, void> {
  let position = from
  for (;;) {
    // Asked before the last read: what was written before the rename is read here.
    const named = await generation.isNamed()
    for (;;) {
      signal.throwIfAborted()
      const bytes = await generation.read(position, READ_BYTES)
      if (bytes.length === 0) break
      position += bytes.length
      yield bytes
    }
    if ((await generation.sizeBytes()) < position) return yield 'truncated'
    if (!named) return yield 'moved'

    let believed = false
    const live = liveBytes(path, position, clock)
    try {
      for (;;) {
        const next = await live.next(lookMs, signal)
        if (next === 'lost') break
        // tail opens the file by its name. If the name still leads here now, it did so then.
        const sound = await generation.isNamed()
        const size = await generation.sizeBytes()
        const bytes = next === 'quiet' ? NOTHING : next
        if (!sound || size < position + bytes.length || (next === 'quiet' && size > position)) break
        believed = true
        position += bytes.length
        yield bytes
      }
    } finally {
      live.stop()
    }
    if (!believed) {
      yield NOTHING
      await sleep(clock, POLL_MS, signal)
    }
  }
}
