import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import { eventIdOf } from './event-id.ts'
import type { FollowRecord, HostStream, LogFile } from './host-stream.ts'
import type { Gap, LogRecord } from './log-source.ts'
import { markOf } from './mark-of.ts'
import type { FileCursor, NextStep } from './next-generation.ts'

/**
 * Why a generation is read no further: it `ended`; it was `truncated`; the path led to something else meanwhile (`moved`); or it is
 * certain that this file is an `other` one than the cursor's.
 */
export type GenerationEnd = 'ended' | 'truncated' | 'moved' | 'other'

type Parts = { readonly host: string; readonly stream: HostStream; readonly clock: Clock }
type Read = Extract<NextStep, { kind: 'read' }>

/** After so many beats during which the file grew by `STALLED_BYTES` and nothing was looked at, the follow is dead. */
const STALLED_BEATS = 6
const STALLED_BYTES = 65_536

/** Reads one generation from the helper and names each line for ever. Everything it yields has a cursor of the kind `file`. */
export async function* readGeneration(
  { host, stream, clock }: Parts,
  step: Read,
  cursor: FileCursor | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogRecord, GenerationEnd, void> {
  const { file, offset, mark } = step
  const request = { kind: 'file', path: file.path, offset, mark } as const
  let position: FileCursor | undefined
  let afterNul: string | undefined
  const timeOf = () => (file.live ? clock.now() : file.mtimeMs)
  const stall = stallWatch(host)
  const openedAtMs = timeOf()

  for await (const record of stream.follow(request, signal)) {
    signal.throwIfAborted()
    if (record.kind === 'refused') {
      if (position === undefined && (await stillThere(stream, file)) === undefined) return 'moved'
      return refusalOf(record.code, step, position ?? cursor)
    }
    if (record.kind === 'at') {
      const at = placeOf(record, file.path, openedAtMs)
      if (position !== undefined) {
        position = { ...position, fingerprint: at.fingerprint }
        continue
      }
      if (offset !== 'end') {
        if (!isSameFile(at, step)) return 'moved'
        // A log without a first line may have been written to, copied and truncated since it was listed, and look as before.
        const untouched = async () => (await stillThere(stream, file))?.mtimeMs === file.mtimeMs
        if (at.fingerprint === undefined && file.live && !(await untouched())) return 'moved'
      }
      position = at
      yield { kind: cursor === undefined ? 'anchor' : 'beat', cursor: position }
      continue
    }
    if (position === undefined)
      throw nonsense(host, `sent a record "${record.kind}" before it said where it is`)
    position = { ...position, atMs: timeOf() }
    switch (record.kind) {
      case 'line': {
        const { raw, cut } = record
        if (position.fingerprint === undefined)
          throw nonsense(host, 'sent a line of a file whose first line it does not know')
        const exact = !cut && record.start !== afterNul
        position = { ...position, offset: bytes(host, record.end), mark: exact ? markOf(raw) : undefined }
        yield {
          kind: 'line',
          raw,
          cut,
          eventId: eventIdOf(host, position.fingerprint ?? '', record.start),
          cursor: position,
        }
        break
      }
      case 'beat':
        position = { ...position, offset: bytes(host, record.offset), mark: record.mark }
        stall.beat(position.offset, record.sizeBytes)
        yield {
          kind: 'beat',
          cursor: position,
          ...(isEndless(record, file) ? { trouble: 'endless-line' } : {}),
        }
        break
      case 'gap':
        afterNul = record.to
        position = { ...position, offset: bytes(host, record.to), mark: undefined }
        yield { kind: 'gap', gap: gapOf(record, position), cursor: position }
        break
      case 'rotated':
        position = { ...position, offset: bytes(host, record.offset), mark: record.mark }
        yield { kind: 'beat', cursor: position }
        return 'ended'
    }
  }
  signal.throwIfAborted()
  throw new OpsError('follow-ended', `${host} stopped following its log without a reason`, {
    retryable: true,
    context: { host, path: file.path },
  })
}

/** The helper keeps the size of a file to itself as long as its last line has no end. */
function isEndless({ sizeBytes }: Extract<FollowRecord, { kind: 'beat' }>, file: LogFile): boolean {
  return sizeBytes === undefined && file.compression === 'none'
}

function placeOf(at: Extract<FollowRecord, { kind: 'at' }>, path: string, atMs: number): FileCursor {
  const { device, inode, fingerprint, mark } = at
  return { kind: 'file', path, device, inode, fingerprint, offset: Number(at.offset), mark, atMs }
}

/**
 * Between listing and opening a path can come to mean another file, even one with the same inode. A first line, once whole, stays; one that
 * was not there a moment ago is left to the next listing, which knows what else came meanwhile.
 */
function isSameFile(at: FileCursor, { file }: Read): boolean {
  if (at.fingerprint !== file.fingerprint) return false
  return file.fingerprint !== undefined || (at.device === file.device && at.inode === file.inode)
}

/** A refusal does not say which file was opened. If the path still leads to the one we meant, then it did so before: names only move on. */
async function stillThere(
  stream: HostStream,
  { path, device, inode, fingerprint }: LogFile,
): Promise<LogFile | undefined> {
  const files = await stream.files()
  return files.find(
    (file) =>
      file.path === path &&
      file.device === device &&
      file.inode === inode &&
      file.fingerprint === fingerprint,
  )
}

function refusalOf(
  code: 'moved' | 'truncated' | 'mark',
  { file }: Read,
  cursor: FileCursor | undefined,
): GenerationEnd {
  if (code === 'moved') return 'moved'
  const own = file.device === cursor?.device && file.inode === cursor.inode
  // A compressed copy of what was read, made before our last line, has nothing more for us. The cursor leads to it once the gap was said.
  if (code === 'truncated' && file.compression !== 'none') return own ? 'ended' : 'truncated'
  if (code === 'truncated') return own || cursor === undefined ? 'truncated' : 'other'
  return 'other'
}

function gapOf(record: Extract<FollowRecord, { kind: 'gap' }>, { path, atMs }: FileCursor): Gap {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const code = record.code === 'nul' || record.code === 'truncated' ? record.code : 'too-long'
  return { code, detail: `${name}, bytes ${record.from} to ${record.to}`, fromMs: undefined, toMs: atMs }
}

/** A dead follow looks like a quiet log, but for the size of the file. */
function stallWatch(host: string): { beat(offset: number, sizeBytes: number | undefined): void } {
  let since: { readonly offset: number; readonly sizeBytes: number } | undefined
  let beats = 0
  return {
    beat(offset, sizeBytes) {
      if (sizeBytes === undefined || offset !== since?.offset || sizeBytes < since.sizeBytes) {
        since = sizeBytes === undefined ? undefined : { offset, sizeBytes }
        beats = 0
      } else if (++beats >= STALLED_BEATS && sizeBytes - since.sizeBytes > STALLED_BYTES) {
        throw new OpsError(
          'follow-stalled',
          `The log of ${host} grows, but nothing of it was looked at since byte ${offset}`,
          {
            retryable: true,
            hint: `Look at the end of the log on ${host}: a single line without an end would do this.`,
            context: { host, offset, sizeBytes },
          },
        )
      }
    },
  }
}

function bytes(host: string, text: string): number {
  const number = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(number))
    throw nonsense(host, `named "${text.slice(0, 40)}" as a position`)
  return number
}

function nonsense(host: string, what: string): OpsError {
  return new OpsError('bad-answer', `${host} ${what}`, {
    retryable: true,
    hint: `Install the helper of this version on ${host}: maillimit host install ${host}`,
    context: { host },
  })
}
