import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Of util-linux, which every Linux has. */
const FLOCK = 'flock'

/**
 * Runs `body` while no other process on this machine holds the lock of this file. The kernel keeps it (flock), in a child
 * that ends with its standard input: whatever happens to this process, nothing stale stays behind.
 */
export async function withFileLock<T>(file: string, waiting: () => void, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true })
  const holder = spawn(FLOCK, [file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => holder.on('close', () => resolve()))
  const impatience = setTimeout(waiting, 500)
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      holder.on('error', reject)
      holder.on('close', () => reject(new Error(`flock ${file} ended without the lock`)))
    })
    clearTimeout(impatience)
    return await body()
  } finally {
    clearTimeout(impatience)
    holder.stdin.end()
    await ended
  }
}
