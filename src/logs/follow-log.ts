import { sleep } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { OpsError } from '../lib/errors.ts'
import type { Cursor } from './cursor.ts'
import { followJournal } from './follow-journal.ts'
import { byAge } from './generation-order.ts'
import type { HostStream, LogFile } from './host-stream.ts'
import type { LogRecord, LogSource } from './log-source.ts'
import { fileKey, nextGeneration, nowhere } from './next-generation.ts'
import type { FileCursor, Findings, NextStep } from './next-generation.ts'
import { readGeneration } from './read-generation.ts'

export type FollowLogParts = {
  readonly host: string
  readonly stream: HostStream
  readonly clock: Clock
  /** Which kind of log the host has, asked once a reading; a file unless given. */
  readonly kind?: () => Promise<'file' | 'journal'>
}

/** How often a log that does not exist is looked for, and how long a rotation that goes on is waited for. */
const WAIT_MS = 1_000
/** After so many looks it is looked for less often: each costs the host a process or ten. */
const HASTY_LOOKS = 30
const LONG_WAIT_MS = 5_000
const RENAMED_MS = 200
/** So many times in a row the log may change under our hands before something must be wrong. */
const MOST_TRIES = 50

const NOTHING_FOUND: Findings = { ended: false, truncated: false, excluded: new Set(), sinceMs: undefined }

/** The log of one host as one endless stream, through every rotation: which generation comes next is decided by `nextGeneration`. */
export function followLog({ host, stream, clock, kind = async () => 'file' }: FollowLogParts): LogSource {
  return {
    host,
    async *read(cursor, signal) {
      const parts = { host, stream, clock }
      const records =
        (await kind()) === 'journal'
          ? followJournal(parts, cursor?.kind === 'journal' ? cursor : undefined, signal)
          : followFiles(parts, cursor?.kind === 'file' ? cursor : undefined, signal)
      for await (const record of records) {
        // With a cursor of the other kind, the beginning is a gap: what stands behind that cursor is not looked for any more.
        if (record.kind === 'anchor' && cursor !== undefined) yield switched(cursor, record.cursor)
        else yield record
      }
    },
  }
}

type Parts = Pick<FollowLogParts, 'host' | 'stream' | 'clock'>
/** A listing, and which of its files was read since. */
type Known = { readonly files: readonly LogFile[]; readonly read: LogFile }

async function* followFiles(
  parts: Parts,
  start: FileCursor | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogRecord, void, void> {
  const { clock } = parts
  let cursor = start
  let findings = NOTHING_FOUND
  let tries = 0
  let waits = 0
  // Which generation follows a rotated one does not change, so that catching up with many takes one listing, not one each.
  let known: Known | undefined
  for (;;) {
    const { step, files } = await nextStep(parts, cursor, findings, known, signal)
    known = undefined
    if (step.kind === 'wait') {
      // Whatever appears from now on is new, so it will be read from its beginning.
      if (cursor === undefined) yield { kind: 'anchor', cursor: (cursor = nowhere(clock.now())) }
      yield { kind: 'beat', cursor, ...(files.length === 0 ? { trouble: 'absent' } : {}) }
      await sleep(clock, ++waits <= HASTY_LOOKS ? WAIT_MS : LONG_WAIT_MS, signal)
      continue
    }
    waits = 0
    if (step.kind === 'gap') {
      yield { kind: 'gap', gap: step.gap, cursor: (cursor = step.cursor) }
      findings = NOTHING_FOUND
      continue
    }
    const reading = readGeneration(parts, step, cursor, signal)
    let turn = await reading.next()
    try {
      for (; !turn.done; turn = await reading.next()) {
        tries = 0
        if (findings !== NOTHING_FOUND) findings = NOTHING_FOUND
        cursor = turn.value.cursor as FileCursor
        yield turn.value
      }
    } finally {
      await reading.return('moved')
    }
    switch (turn.value) {
      case 'ended':
        findings = { ...NOTHING_FOUND, ended: true, sinceMs: step.file.mtimeMs }
        known = { files, read: step.file }
        break
      case 'truncated':
        findings = { ...NOTHING_FOUND, truncated: true, excluded: new Set(shortCopy(step.file)) }
        break
      case 'other':
        findings = { ...findings, excluded: new Set([...findings.excluded, fileKey(step.file)]) }
        break
      case 'moved':
        await sleep(clock, RENAMED_MS, signal)
    }
    if (turn.value !== 'ended' && ++tries > MOST_TRIES) throw restless(parts.host, tries)
  }
}

/**
 * A gap is said, and what may have been read already is read, only if it is so a moment later, too: what was missing may just have been on
 * its way from one name to another. An older listing serves to go on only: it may not know the file that was just read as it is now.
 */
async function nextStep(
  { stream, clock }: Parts,
  cursor: FileCursor | undefined,
  findings: Findings,
  known: Known | undefined,
  signal: AbortSignal,
): Promise<{ readonly step: NextStep; readonly files: readonly LogFile[] }> {
  if (known !== undefined) {
    const { files, read } = known
    const step = nextGeneration(cursor, files, findings)
    if (step.kind === 'read' && !step.file.live && byAge(read, step.file) < 0) return { step, files }
  }
  let files = await stream.files()
  const step = nextGeneration(cursor, files, findings)
  if (step.kind === 'wait' || (step.kind === 'read' && !step.again)) return { step, files }
  await sleep(clock, WAIT_MS, signal)
  files = await stream.files()
  return { step: nextGeneration(cursor, files, findings), files }
}

/** A compressed copy does not show its size, so that it must be known that it is too short. */
function shortCopy(file: LogFile): readonly string[] {
  return file.compression === 'none' ? [] : [fileKey(file)]
}

function switched(from: Cursor, to: Cursor): LogRecord {
  const detail =
    from.kind === 'file'
      ? `${from.path} after byte ${from.offset}`
      : 'the journal, which is not followed any more'
  const code = from.kind === 'file' ? 'deleted' : 'journal-lost'
  return { kind: 'gap', gap: { code, detail, fromMs: from.atMs, toMs: to.atMs }, cursor: to }
}

function restless(host: string, tries: number): OpsError {
  return new OpsError(
    'log-restless',
    `The log of ${host} was another file each of ${tries} times it was opened`,
    {
      retryable: true,
      hint: 'Look at what renames or truncates the log on that host: ls -li on its folder, twice.',
      context: { host },
    },
  )
}
