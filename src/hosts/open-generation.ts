import { createHash } from 'node:crypto'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { OpsError } from '../lib/errors.ts'

/** One generation of a log, held open: whatever its name comes to mean, these are its bytes. Positions as in host/PROTOCOL.md. */
export type OpenGeneration = AsyncDisposable & {
  readonly device: string
  readonly inode: string
  sizeBytes(): Promise<number>
  /** At most `length` bytes; fewer at the end. */
  read(position: number, length: number): Promise<Buffer>
  fingerprint(): Promise<string | undefined>
  mark(offset: number): Promise<string | undefined>
  /** The position just after the last LF, or the size when the last 64 KiB have none. */
  lastLineEnd(): Promise<number>
  /** Whether its name still leads to it. */
  isNamed(): Promise<boolean>
}

const FIRST_LINE_BYTES = 64 * 1024
const MARK_BYTES = 256
const LF = 10

/** Undefined: the bot may not read the file, or there is none; the helper will know. */
export async function openGeneration(path: string): Promise<OpenGeneration | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch {
    return undefined
  }
  const { dev, ino } = await file.stat({ bigint: true })

  async function read(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length)
    try {
      const { bytesRead } = await file.read(buffer, 0, length, position)
      return buffer.subarray(0, bytesRead)
    } catch (cause) {
      throw new OpsError(
        'log-unreadable',
        `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`,
        {
          retryable: true,
          hint: 'Look at the disk and the file system that hold it.',
          context: { path, position },
          cause,
        },
      )
    }
  }

  const sizeBytes = async () => (await file.stat()).size
  return {
    device: String(dev),
    inode: String(ino),
    sizeBytes,
    read,
    async fingerprint() {
      const start = await read(0, FIRST_LINE_BYTES)
      const lf = start.indexOf(LF)
      if (lf < 0 && start.length < FIRST_LINE_BYTES) return undefined
      return sha256(lf < 0 ? start : start.subarray(0, lf + 1))
    },
    async mark(offset) {
      if (offset === 0) return undefined
      const from = Math.max(0, offset - MARK_BYTES)
      const bytes = await read(from, offset - from)
      return sha256(bytes.subarray(bytes.lastIndexOf(LF, bytes.length - 2) + 1))
    },
    async lastLineEnd() {
      const size = await sizeBytes()
      const from = Math.max(0, size - FIRST_LINE_BYTES)
      const lf = (await read(from, size - from)).lastIndexOf(LF)
      if (lf >= 0) return from + lf + 1
      return from === 0 ? 0 : size
    },
    async isNamed() {
      const named = await stat(path, { bigint: true }).catch(() => undefined)
      return named?.dev === dev && named.ino === ino
    },
    async [Symbol.asyncDispose]() {
      await file.close()
    },
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
