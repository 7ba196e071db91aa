import type { Clock } from '../lib/clock.ts'
import type { FollowRecord, FollowRequest, HostStream } from '../logs/host-stream.ts'
import { growingBytes } from './growing-bytes.ts'
import { lineMatters } from './lines-that-matter.ts'
import { openGeneration, type OpenGeneration } from './open-generation.ts'

export type LocalTimings = {
  readonly beatMs: number
  /** How long a log may be quiet before it is looked at without being told to. */
  readonly lookMs: number
}

const TIMINGS: LocalTimings = { beatMs: 5000, lookMs: 1000 }
const LINE_BYTES = 64 * 1024
const LF = 10

/**
 * The log of the mail host that the bot runs on. The live generation is read here, if the bot may read it: by a descriptor of its own up to
 * the end, then by npm's tail. All else (rotated and compressed generations, lines of more than 64 KiB, holes of NULs, the journal) is the
 * helper's business; a rename ends the reading as `moved`, so that the rest is read under the file's new name, to its certain end.
 */
export function localHostStream(
  helper: HostStream,
  clock: Clock,
  timings: LocalTimings = TIMINGS,
): HostStream {
  let livePath: string | undefined
  return {
    async files() {
      const files = await helper.files()
      livePath = files.find((file) => file.live)?.path
      return files
    },
    async *follow(request, signal) {
      const live = request.kind === 'file' && request.path === livePath ? request : undefined
      await using generation = live && (await openGeneration(live.path))
      if (live === undefined || generation === undefined) {
        yield* helper.follow(request, signal)
        return
      }
      const rest = yield* followOpen(generation, live, clock, timings, signal)
      if (rest !== undefined) yield* followRest(helper, generation, rest, signal)
    },
  }
}

type FileRequest = Extract<FollowRequest, { kind: 'file' }>

/** Returns what the helper shall follow from where on, if anything. */
async function* followOpen(
  generation: OpenGeneration,
  { path, offset, mark }: FileRequest,
  clock: Clock,
  timings: LocalTimings,
  signal: AbortSignal,
): AsyncGenerator<FollowRecord, FileRequest | undefined, undefined> {
  const { device, inode } = generation
  let looked = offset === 'end' ? await generation.lastLineEnd() : offset
  if (looked > (await generation.sizeBytes())) return yield refused('truncated')
  let marked = { offset: looked, mark: await generation.mark(looked) }
  if (mark !== undefined && offset !== 'end' && mark !== marked.mark) return yield refused('mark')
  let fingerprint = await generation.fingerprint()
  yield { kind: 'at', device, inode, fingerprint, offset: String(looked), mark: marked.mark }

  let rest: Buffer = Buffer.alloc(0)
  let beatAtMs = clock.now() + timings.beatMs
  for await (const bytes of growingBytes(generation, path, looked, clock, timings.lookMs, signal)) {
    if (bytes === 'truncated') return yield refused('truncated')
    if (bytes !== 'moved') {
      const whole = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      let start = 0
      for (let lf = whole.indexOf(LF); lf >= 0; lf = whole.indexOf(LF, start)) {
        const line = whole.subarray(start, lf)
        if (line.length > LINE_BYTES || line.includes(0)) return await restFrom(generation, path, looked)
        if (fingerprint === undefined) {
          fingerprint = await generation.fingerprint()
          yield { kind: 'at', device, inode, fingerprint, offset: '0', mark: undefined }
        }
        const from = String(looked)
        looked += line.length + 1
        start = lf + 1
        if (!lineMatters(line)) continue
        yield { kind: 'line', start: from, end: String(looked), cut: false, raw: new Uint8Array(line) }
      }
      rest = whole.subarray(start)
      if (rest.length > LINE_BYTES || rest.includes(0)) return await restFrom(generation, path, looked)
      if (clock.now() < beatAtMs) continue
    }
    // Other bytes where the last beat stood: the file was truncated, and has grown beyond that place since.
    if ((await generation.mark(marked.offset)) !== marked.mark) return yield refused('truncated')
    marked = { offset: looked, mark: await generation.mark(looked) }
    beatAtMs = clock.now() + timings.beatMs
    yield { kind: 'beat', offset: String(looked), mark: marked.mark, sizeBytes: await generation.sizeBytes() }
    if (bytes === 'moved') return yield refused('moved')
  }
  return undefined
}

/** The helper opens the file by its name, which may have come to mean another one. */
async function* followRest(
  helper: HostStream,
  generation: OpenGeneration,
  rest: FileRequest,
  signal: AbortSignal,
): AsyncGenerator<FollowRecord, void, void> {
  for await (const record of helper.follow(rest, signal)) {
    const isOther =
      record.kind === 'at' && (record.device !== generation.device || record.inode !== generation.inode)
    if (isOther || (record.kind === 'refused' && !(await generation.isNamed()))) return yield refused('moved')
    yield record
  }
}

async function restFrom(generation: OpenGeneration, path: string, offset: number): Promise<FileRequest> {
  return { kind: 'file', path, offset, mark: await generation.mark(offset) }
}

function refused(code: 'moved' | 'truncated' | 'mark'): FollowRecord {
  return { kind: 'refused', code }
}
