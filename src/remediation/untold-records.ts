import type { TranscriptRecord } from './mail-host.ts'

/**
 * What the host's transcript has and ours has not. A host that lost power may have forgotten records that we saw it write, and
 * goes on from there: what we saw stays, and what it tells afterwards follows.
 */
export function untoldRecords(
  ours: readonly TranscriptRecord[],
  theirs: readonly TranscriptRecord[],
): readonly TranscriptRecord[] {
  const texts = ours.map((record) => JSON.stringify(record))
  let at = 0
  const untold = theirs.findIndex((record) => {
    at = texts.indexOf(JSON.stringify(record), at) + 1
    return at === 0
  })
  return untold === -1 ? [] : theirs.slice(untold)
}
