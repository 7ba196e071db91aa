import { fold } from '../../src/incidents/fold.ts'
import { newId } from '../../src/lib/new-id.ts'
import { openStore } from '../../src/store/open-store.ts'
import { aHit } from '../incidents/a-hit.ts'
import { aCursor } from './record.ts'

/**
 * Reads an endless log: line number N is at offset N. Begins at the stored cursor, a few lines early as a source may after a broken
 * connection, and stores batches until somebody kills it. Says so once when there is something new.
 */
const store = openStore(process.argv[2] ?? '')
const cursor = await store.cursor('mx1')
const before = cursor?.kind === 'file' ? cursor.offset : 0
let line = Math.max(0, before - 7)
let isSaid = false
for (let batch = 0; ; batch++) {
  const hits = Array.from({ length: 1 + (batch % 40) }, () => {
    line++
    return { eventId: `line${line}`, hit: aHit({ user: `user${line % 30}` }) }
  })
  const setting = { nowMs: Date.now(), lane: 'C1', quietAfterMs: 1_800_000, clockOffsetMs: 0, newId }
  await store.recordHits('mx1', aCursor(line), hits, fold, setting)
  if (line <= before || isSaid) continue
  process.stdout.write('going\n')
  isSaid = true
}
