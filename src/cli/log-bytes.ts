import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { OpsError } from '../lib/errors.ts'

/** Small enough to stay in the processor's cache until it is searched. */
const CHUNK_BYTES = 256 * 1024

const MAGIC = [
  { kind: 'gz', bytes: [0x1f, 0x8b] },
  { kind: 'zst', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { kind: 'bz2', bytes: [0x42, 0x5a, 0x68] },
] as const

export type LogBytes = {
  /** When the last line was written, for lines without a year; undefined for a stream. */
  readonly modifiedAtMs: number | undefined
  /** Each chunk is valid until the next one is asked for. */
  readonly chunks: AsyncIterable<Buffer>
  close(): void
}

/** The bytes of a log file, or of standard input (`-`), unpacked when they are gzip or zstd. Faults are `OpsError`s that name the file. */
export function openLogBytes(path: string, stdin: Readable): LogBytes {
  if (path === '-') {
    return { modifiedAtMs: undefined, chunks: unpacked(stdin, 'standard input'), close: () => {} }
  }
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const opened = descriptor
    const chunks = unpacked(fileChunks(opened), path)
    return { modifiedAtMs: fstatSync(opened).mtimeMs, chunks, close: () => closeSync(opened) }
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    throw unreadable(path, error)
  }
}

/** Reads synchronously: the way over the thread pool takes longer than reading and searching such a chunk. */
async function* fileChunks(descriptor: number): AsyncGenerator<Buffer, void, void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  for (;;) {
    const bytes = readSync(descriptor, buffer)
    if (bytes === 0) return
    yield buffer.subarray(0, bytes)
  }
}

async function* unpacked(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void, void> {
  const chunks = source[Symbol.asyncIterator]()
  try {
    const first = await chunks.next()
    if (first.done === true) return
    const packing = MAGIC.find(({ bytes }) => bytes.every((byte, index) => first.value[index] === byte))?.kind
    if (packing === 'xz' || packing === 'bz2') throw cannotUnpack(name, packing)
    const all = rejoined(first.value, chunks)
    if (packing === undefined) yield* all
    else {
      const unpack = packing === 'gz' ? createGunzip : createZstdDecompress
      yield* piped(all, unpack({ chunkSize: 256 * 1024 }))
    }
  } catch (error) {
    throw error instanceof OpsError ? error : unreadable(name, error)
  } finally {
    await chunks.return?.()
  }
}

async function* rejoined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

/** The unpacker keeps a chunk for a while, so it is given copies. */
async function* piped(
  packed: AsyncIterable<Buffer>,
  unpacker: ReturnType<typeof createGunzip>,
): AsyncGenerator<Buffer, void, void> {
  const source = Readable.from(copies(packed), { highWaterMark: 2 })
  source.once('error', (error) => unpacker.destroy(error))
  source.pipe(unpacker)
  try {
    for await (const chunk of unpacker) yield chunk
  } finally {
    source.destroy()
  }
}

async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

function cannotUnpack(name: string, packing: 'xz' | 'bz2'): OpsError {
  const tool = packing === 'xz' ? 'xz' : 'bzip2'
  return new OpsError('log-packed', `${name} is packed with ${tool}, which this command cannot unpack.`, {
    hint: `Unpack it on the way: ${tool} -dc FILE | maillimit report -`,
  })
}

function unreadable(name: string, error: unknown): OpsError {
  const reason = error instanceof Error ? error.message.replace(/, \w+(?: '.*')?$/, '') : String(error)
  return new OpsError('log-unreadable', `${name} cannot be read (${reason}).`, {
    hint: 'Check the name and who may read it; mail logs often belong to root.',
    cause: error,
  })
}
