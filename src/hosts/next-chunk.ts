import type { Readable } from 'node:stream'

/**
 * The next bytes of a stream, or undefined at its end; rejects with the signal's reason. Nothing is read ahead of the caller beyond the
 * stream's own buffer, so whoever asks slowly slows the sender. (`for await` would destroy the stream, which ssh2 does not survive well.)
 */
export function nextChunk(stream: Readable, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const done = () => {
      stream.off('readable', look)
      stream.off('end', onEnd)
      stream.off('close', onEnd)
      stream.off('error', onEnd)
      signal.removeEventListener('abort', onAbort)
    }
    const onEnd = () => {
      done()
      resolve(undefined)
    }
    const onAbort = () => {
      done()
      reject(signal.reason)
    }
    const look = () => {
      const chunk = stream.read() as Buffer | null
      if (chunk === null) return
      done()
      resolve(chunk)
    }
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    if (stream.readableEnded || stream.destroyed) {
      resolve(undefined)
      return
    }
    stream.on('readable', look)
    stream.on('end', onEnd)
    stream.on('close', onEnd)
    stream.on('error', onEnd)
    signal.addEventListener('abort', onAbort, { once: true })
    look()
  })
}
