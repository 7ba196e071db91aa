import { fold } from '../../src/incidents/fold.ts'
import type { LimitHit } from '../../src/dovecot/limit-hit.ts'
import type { Cursor } from '../../src/logs/cursor.ts'
import type { FoldSetting, RecordedHits, Store } from '../../src/store/store.ts'
import { NOW_MS, QUIET_MS } from '../incidents/a-context.ts'

let ids = 0

function aSetting(setting: Partial<FoldSetting> = {}): FoldSetting {
  return {
    nowMs: NOW_MS,
    lane: 'C1',
    quietAfterMs: QUIET_MS,
    clockOffsetMs: 0,
    newId: () => `inc${++ids}`,
    ...setting,
  }
}

export function aCursor(offset: number): Cursor {
  return {
    kind: 'file',
    path: '/var/log/maillog',
    device: '64768',
    inode: '17',
    fingerprint: 'f'.repeat(64),
    offset,
    mark: 'a'.repeat(64),
    atMs: NOW_MS,
  }
}

let lines = 0

/** Records hits as lines that follow one another; each is a line of its own unless it is given an event id. */
export function record(
  store: Store,
  hits: ReadonlyArray<LimitHit | { readonly eventId: string; readonly hit: LimitHit }>,
  setting: Partial<FoldSetting> = {},
  host = 'mx1',
): Promise<RecordedHits> {
  const observed = hits.map((hit) => ('eventId' in hit ? hit : { eventId: `line${++lines}`, hit }))
  return store.recordHits(host, aCursor(++lines), observed, fold, aSetting(setting))
}
