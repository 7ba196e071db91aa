import { describe, expect, it } from 'vitest'
import { choose, type Gates } from '../../src/outbox/choose.ts'
import type { OutboxRow } from '../../src/outbox/outbox-store.ts'

const OPEN: Gates = { postAtMs: 0, editAtMs: 0, relaxedAtMs: 0 }

describe('choose', () => {
  it('waits for ever when there is nothing', () => {
    expect(choose([], OPEN, 1_000)).toEqual({ kind: 'wait', untilMs: undefined })
  })

  it.each<[string, OutboxRow, OutboxRow]>([
    ['what may stand there already before all else', aRow({ state: 'ambiguous', kind: 'outcome' }), aRow({})],
    ['an alert before a notice', aRow({ kind: 'alert', queuedAtMs: 9 }), aRow({ kind: 'notice' })],
    ['a notice before a story', aRow({ kind: 'notice', queuedAtMs: 9 }), aRow({ kind: 'remediation' })],
    ['a new story before an edit of an alert', aRow({ kind: 'outcome', queuedAtMs: 9 }), anEdit({})],
    ['news before a count', anEdit({ queuedAtMs: 9 }), anEdit({ relaxed: true })],
    ['of equals, what has waited longer', aRow({ queuedAtMs: 1 }), aRow({ queuedAtMs: 2 })],
    ['an edit now before a post that has to wait', anEdit({}), aRow({ notBeforeMs: 2_000 })],
  ])('takes %s', (_name, first, second) => {
    expect(choose([second, first], OPEN, 1_000)).toEqual({ kind: 'send', row: first })
    expect(choose([first, second], OPEN, 1_000)).toEqual({ kind: 'send', row: first })
  })

  it('names the earliest instant at which something can go', () => {
    const rows = [aRow({ notBeforeMs: 5_000 }), anEdit({ sentAtMs: 800 }), aRow({})]
    expect(choose(rows, { ...OPEN, postAtMs: 3_000 }, 1_000)).toEqual({ kind: 'wait', untilMs: 1_800 })
    expect(choose(rows, { postAtMs: 3_000, editAtMs: 4_000, relaxedAtMs: 9_000 }, 1_000)).toEqual({
      kind: 'wait',
      untilMs: 3_000,
    })
  })

  it('does not count on a parent that may never be posted', () => {
    const waiting = aRow({ kind: 'outcome', thread: { kind: 'waiting' } })
    expect(choose([waiting], OPEN, 1_000)).toEqual({ kind: 'wait', untilMs: undefined })
  })
})

function aRow(row: Partial<OutboxRow>): OutboxRow {
  return {
    lane: 'C1',
    messageKey: 'alert:a',
    kind: 'alert',
    subjectId: 'a',
    revision: 1,
    threadOf: undefined,
    relaxed: false,
    state: 'pending',
    sentRevision: 0,
    messageId: undefined,
    deliveryId: undefined,
    attempts: 0,
    queuedAtMs: 0,
    notBeforeMs: 0,
    firstTriedAtMs: undefined,
    sentAtMs: undefined,
    why: undefined,
    thread: { kind: 'none' },
    ...row,
  }
}

function anEdit(row: Partial<OutboxRow>): OutboxRow {
  return aRow({ messageId: 'ts1', sentRevision: 1, revision: 2, sentAtMs: 0, ...row })
}
