import type { Cursor } from './cursor.ts'
import { byAge } from './generation-order.ts'
import type { LogFile } from './host-stream.ts'
import type { Gap } from './log-source.ts'

export type FileCursor = Extract<Cursor, { kind: 'file' }>

export type NextStep =
  /** Read this generation from here. */
  | {
      readonly kind: 'read'
      readonly file: LogFile
      readonly offset: number | 'end'
      readonly mark: string | undefined
      /** It may have been read already: the generation that ended goes on, or is not to be found. */
      readonly again: boolean
    }
  /** There is nothing to read yet: the log does not exist, or its successor does not. */
  | { readonly kind: 'wait' }
  /** Lines may be gone for good; go on from `cursor`. */
  | { readonly kind: 'gap'; readonly gap: Gap; readonly cursor: FileCursor }

/** What the reading itself found out. */
export type Findings = {
  /** The generation of the cursor was read to its end, and nobody will write to it again. */
  readonly ended: boolean
  /** The file of the cursor is shorter than it was, or holds other bytes. */
  readonly truncated: boolean
  /** Files (`fileKey`) that do not hold what the cursor says, whatever they look like. */
  readonly excluded: ReadonlySet<string>
  /** When the generation that ended was last written to as it was opened: what was not written since is older. */
  readonly sinceMs: number | undefined
}

/** How far the host's clock may be behind ours before a file counts as older than it is. Reading a line again is harmless: it has a name. */
const CLOCK_SLACK_MS = 60_000

/** What to read next, given how far the log was read and which files are there: the whole art of following rotated logs. */
export function nextGeneration(
  cursor: FileCursor | undefined,
  files: readonly LogFile[],
  { ended, truncated, excluded, sinceMs }: Findings,
): NextStep {
  const sorted = files.toSorted(byAge)
  if (cursor === undefined) {
    const live = sorted.find((file) => file.live)
    return live === undefined ? { kind: 'wait' } : read(live, 'end')
  }
  const possible = sorted.filter((file) => isReadable(file) && !excluded.has(fileKey(file)))
  if (isNowhere(cursor)) return readOrWait(oldestSince(possible, cursor.atMs))

  const original = possible.find((file) => isSameInode(file, cursor))
  const shrunk = original !== undefined && isShorter(original, cursor)
  // Ours is gone, and its compressed form turned out too short: what was written after that was made is in no file.
  const early =
    truncated &&
    original === undefined &&
    sorted.some(
      (file) =>
        file.compression !== 'none' && file.fingerprint === cursor.fingerprint && excluded.has(fileKey(file)),
    )
  if (truncated || (shrunk && original.fingerprint === cursor.fingerprint)) {
    return afterTruncation(cursor, possible, original, early ? 'compressed-early' : 'truncated')
  }
  const found = ended ? endedGenerationOf(cursor, possible, sinceMs) : generationOf(cursor, possible)
  // The live file ends only by losing its name; if it has it back, then it goes on.
  if (found !== undefined && ended && !found.live) return readOrWait(successorOf(found, possible))
  // Without a fingerprint, what was written since is ours if something older is still there: then nothing in between was deleted. It is,
  // too, if our file was merely renamed.
  const reachesBack = possible.some((file) => !file.live && file.mtimeMs < cursor.atMs)
  const renamed = original !== undefined && (!original.live || found === original)
  if (found !== undefined && (cursor.fingerprint !== undefined || reachesBack || renamed)) {
    return read(found, cursor.offset, cursor.mark, ended)
  }

  // An empty file with our inode is ours, truncated, or another one that was given the same number: only now is it the former. And a
  // file that begins as ours did, but is shorter, is a copy that was made before our last line.
  const copied = possible.some((file) => file.fingerprint === cursor.fingerprint)
  if (
    !ended &&
    ((shrunk && original.fingerprint === undefined) || (copied && cursor.fingerprint !== undefined))
  ) {
    return afterTruncation(cursor, possible, original, 'truncated')
  }
  const next = found ?? oldestSince(possible, (sinceMs ?? cursor.atMs) - CLOCK_SLACK_MS)
  if (ended || (cursor.fingerprint === undefined && reachesBack)) return readOrWait(next, ended)
  const detail = `${nameOf(cursor.path)} after byte ${cursor.offset}`
  // The file with our inode's number begins otherwise: if nothing was rotated meanwhile it is ours, emptied and written to again.
  const emptied =
    original?.live === true && !possible.some((file) => !file.live && file.mtimeMs >= cursor.atMs)
  return gap(
    {
      code: emptied ? 'truncated' : 'deleted',
      detail,
      fromMs: cursor.atMs,
      toMs: next?.live === false ? next.mtimeMs : undefined,
    },
    cursor,
    next,
  )
}

export function fileKey(file: LogFile): string {
  return `${file.device}:${file.inode}:${file.fingerprint ?? ''}`
}

/** Where a log that does not exist yet is read from, once it does. */
export function nowhere(atMs: number): FileCursor {
  return {
    kind: 'file',
    path: '',
    device: '',
    inode: '',
    fingerprint: undefined,
    offset: 0,
    mark: undefined,
    atMs,
  }
}

function isNowhere(cursor: FileCursor): boolean {
  return cursor.inode === ''
}

function isSameInode(file: LogFile, cursor: FileCursor): boolean {
  return file.device === cursor.device && file.inode === cursor.inode
}

function isShorter(file: LogFile, cursor: FileCursor): boolean {
  return file.sizeBytes !== undefined && file.sizeBytes < cursor.offset
}

/** A compressed generation without a first line is empty, or still being made beside its original. */
function isReadable(file: LogFile): boolean {
  return file.compression === 'none' || file.fingerprint !== undefined
}

/** The file that holds the generation of the cursor now: itself, renamed, copied or compressed. */
function generationOf(cursor: FileCursor, files: readonly LogFile[]): LogFile | undefined {
  const { fingerprint } = cursor
  // Until its first line is whole a generation has no name but its inode, which may be that of another file by now. So what was written
  // since may be it, and is read before the file with that number.
  if (fingerprint === undefined) {
    return files.find((file) => isSameInode(file, cursor) || (!file.live && file.mtimeMs >= cursor.atMs))
  }
  const alike = files.filter((file) => file.fingerprint === fingerprint && !isShorter(file, cursor))
  return (
    alike.find((file) => isSameInode(file, cursor)) ??
    alike.find((file) => file.compression === 'none') ??
    alike[0]
  )
}

/** A generation that ended without a whole line stays as it was; another file may have its inode's number by now. */
function endedGenerationOf(
  cursor: FileCursor,
  files: readonly LogFile[],
  mtimeMs: number | undefined,
): LogFile | undefined {
  if (cursor.fingerprint !== undefined) return generationOf(cursor, files)
  return files.find(
    (file) => isSameInode(file, cursor) && file.fingerprint === undefined && file.mtimeMs === mtimeMs,
  )
}

/** The next newer generation; a compressed copy beside its original is no generation of its own. */
function successorOf(file: LogFile, sorted: readonly LogFile[]): LogFile | undefined {
  const newer = sorted.slice(sorted.indexOf(file) + 1)
  return newer.find((other) => other.compression === 'none' || other.fingerprint !== file.fingerprint)
}

/**
 * copytruncate leaves a copy, which has what we did not read yet, unless we were quicker than the copying. What was written between copying
 * and truncating is in no file.
 */
function afterTruncation(
  cursor: FileCursor,
  files: readonly LogFile[],
  original: LogFile | undefined,
  code: 'truncated' | 'compressed-early',
): NextStep {
  const { fingerprint, atMs } = cursor
  const isCopy = (file: LogFile) => fingerprint !== undefined && file.fingerprint === fingerprint
  const copies = files.filter((file) => file !== original && isCopy(file))
  const copy = copies.length === 0 ? undefined : generationOf(cursor, copies)
  const detail = `${nameOf(cursor.path)} after byte ${cursor.offset}`
  const lost: Gap = { code, detail, fromMs: atMs, toMs: undefined }
  if (copy !== undefined) {
    const { path, device, inode } = copy
    return { kind: 'gap', gap: lost, cursor: { ...cursor, path, device, inode } }
  }
  const [shorter] = copies
  const next = shorter === undefined ? undefined : successorOf(shorter, files)
  return gap(lost, cursor, next ?? oldestSince(files, atMs - CLOCK_SLACK_MS))
}

function gap(lost: Gap, cursor: FileCursor, next: LogFile | undefined): NextStep {
  const { atMs } = cursor
  if (next === undefined) return { kind: 'gap', gap: lost, cursor: nowhere(atMs) }
  const { path, device, inode, fingerprint } = next
  return {
    kind: 'gap',
    gap: lost,
    cursor: { kind: 'file', path, device, inode, fingerprint, offset: 0, mark: undefined, atMs },
  }
}

/** The oldest file that was written to after that instant; the live one in any case. */
function oldestSince(sorted: readonly LogFile[], sinceMs: number): LogFile | undefined {
  return sorted.find((file) => file.live || file.mtimeMs > sinceMs)
}

function read(file: LogFile, offset: number | 'end', mark?: string, again = false): NextStep {
  return { kind: 'read', file, offset, mark, again }
}

function readOrWait(file: LogFile | undefined, again = false): NextStep {
  return file === undefined ? { kind: 'wait' } : read(file, 0, undefined, again)
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
