import { fdatasync } from 'node:fs'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'

const EVERY_MS = 50
const sync = promisify(fdatasync)

/**
 * How long the disk takes to make a few bytes durable, asked again and again until it is stopped. The bot does that twice before an alert
 * is posted, and a disk that others keep busy shows in nothing else.
 */
export async function watchDisk(path: string): Promise<{ readonly stop: () => Promise<readonly number[]> }> {
  const file = await open(path, 'w')
  const tookMs: number[] = []
  let isToStop = false
  const watching = (async () => {
    while (!isToStop) {
      await file.write('.')
      const startedAt = performance.now()
      await sync(file.fd)
      tookMs.push(performance.now() - startedAt)
      await sleep(EVERY_MS)
    }
    await file.close()
  })()
  return {
    async stop() {
      isToStop = true
      await watching
      return tookMs
    },
  }
}
