import { describe, expect, it } from 'vitest'
import { settled } from '../lib/fake-clock.ts'
import { AnOutbox } from './an-outbox.ts'

const story = { messageKey: 'remediation:r1', kind: 'remediation', threadOf: 'alert:a' } as const

describe('the outbox', () => {
  it('sends a new message at once', async () => {
    await using outbox = new AnOutbox()
    await settled()
    await outbox.say({ messageKey: 'alert:a' })
    expect(outbox.channel.messages).toMatchObject([{ key: 'alert:a', revision: 1 }])
    expect((await outbox.store.figures()).counts).toMatchObject({ sent: 1, pending: 0 })
    expect(outbox.clock.waiting).toBe(0)
  })

  it('edits in place, the newest state only, at most once a second a message', async () => {
    await using outbox = new AnOutbox()
    await outbox.say({ messageKey: 'alert:a' })
    for (let revision = 2; revision <= 30; revision++) await outbox.say({ messageKey: 'alert:a', revision })
    await outbox.clock.advance(999)
    expect(outbox.channel.calls).toHaveLength(1)
    await outbox.clock.advance(1)
    expect(outbox.channel.messages).toMatchObject([{ revision: 30 }])
    await outbox.clock.advance(60_000)
    expect(outbox.channel.calls.map(({ kind }) => kind)).toEqual(['post', 'edit'])
  })

  it('sends what changed while a call was under way', async () => {
    await using outbox = new AnOutbox()
    const saying = outbox.say({ messageKey: 'alert:a' })
    await outbox.say({ messageKey: 'alert:a', revision: 7 })
    await saying
    await outbox.clock.advance(1_000)
    expect(outbox.channel.messages).toMatchObject([{ revision: 7 }])
  })

  it('takes every intent for news, also one whose number is lower than that of another subject', async () => {
    await using outbox = new AnOutbox()
    await outbox.say({ messageKey: 'alert:a', revision: 40 })
    await outbox.say({ messageKey: 'alert:a', revision: 2 })
    await outbox.clock.advance(1_000)
    expect(outbox.channel.messages).toMatchObject([{ revision: 41 }])
  })

  it('posts a burst at once and then one message a second', async () => {
    await using outbox = new AnOutbox()
    const keys = Array.from({ length: 10 }, (_, index) => ({ messageKey: `alert:${index}` }))
    await outbox.say(...keys)
    expect(outbox.channel.messages).toHaveLength(4)
    await outbox.clock.advance(3_000)
    expect(outbox.channel.messages).toHaveLength(7)
    await outbox.clock.advance(3_000)
    expect(outbox.channel.messages).toHaveLength(10)
  })

  it('lets a new alert pass all edits, and news pass what only counts on', async () => {
    await using outbox = new AnOutbox()
    const alerts = Array.from({ length: 20 }, (_, index) => `alert:${index}`)
    for (const messageKey of alerts) await outbox.say({ messageKey })
    await outbox.clock.advance(20_000)
    for (const messageKey of alerts) await outbox.say({ messageKey, revision: 2, relaxed: true })
    await outbox.clock.advance(1_000)
    const before = outbox.channel.calls.length
    await outbox.say({ messageKey: 'alert:3', revision: 3 }, { messageKey: 'alert:new' })
    await outbox.say({ messageKey: 'alert:19', revision: 3 })
    expect(outbox.channel.calls.slice(before).map(({ kind, key }) => `${kind} ${key}`)).toContain(
      'post alert:new',
    )
    expect(outbox.channel.live('alert:19')).toMatchObject([{ revision: 3 }])
    await outbox.clock.advance(30_000)
    expect(
      alerts.map((key) => outbox.channel.live(key)[0]?.revision).every((revision) => revision !== 1),
    ).toBe(true)
  })

  it('keeps a thread waiting until its alert stands there', async () => {
    await using outbox = new AnOutbox()
    outbox.channel.faults = [{ kind: 'later', afterMs: 5_000 }]
    await outbox.say(story, { messageKey: 'alert:a' })
    await outbox.clock.advance(4_999)
    expect(outbox.channel.messages).toEqual([])
    await outbox.clock.advance(1)
    expect(outbox.channel.messages).toMatchObject([
      { key: 'alert:a', thread: undefined },
      { key: story.messageKey, thread: 'ts1' },
    ])
  })

  it('waits as long as it is told, without losing anything, and edits on meanwhile', async () => {
    await using outbox = new AnOutbox()
    await outbox.say({ messageKey: 'alert:a' })
    outbox.channel.faults = [{ kind: 'later', afterMs: 30_000 }]
    await outbox.say({ messageKey: 'alert:b' }, { messageKey: 'alert:c' })
    await outbox.say({ messageKey: 'alert:a', revision: 2 })
    await outbox.clock.advance(29_999)
    expect(outbox.channel.calls.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'post alert:a',
      'post alert:b',
      'edit alert:a',
    ])
    await outbox.clock.advance(1)
    expect(outbox.channel.messages.map(({ key }) => key)).toEqual(['alert:a', 'alert:b', 'alert:c'])
  })

  it('posts a message again that somebody deleted', async () => {
    await using outbox = new AnOutbox()
    await outbox.say({ messageKey: 'alert:a' })
    outbox.channel.delete('alert:a')
    await outbox.say({ messageKey: 'alert:a', revision: 2 })
    await outbox.clock.advance(1_000)
    expect(outbox.channel.live('alert:a')).toMatchObject([{ id: 'ts2', revision: 2 }])
    expect(outbox.channel.messages[0]?.deliveryId).not.toBe(outbox.channel.messages[1]?.deliveryId)
  })

  it('looks for a message whose answer was lost, and does not post it twice', async () => {
    await using outbox = new AnOutbox()
    outbox.channel.faults = [{ kind: 'answer-lost' }]
    await outbox.say({ messageKey: 'alert:a' })
    expect((await outbox.store.figures()).counts.ambiguous).toBe(1)
    await outbox.say({ messageKey: 'alert:a', revision: 2 })
    await outbox.clock.advance(10_000)
    expect(outbox.channel.messages).toMatchObject([{ key: 'alert:a', revision: 2 }])
    expect(outbox.channel.calls.map(({ kind }) => kind)).toEqual(['post', 'find', 'edit'])
  })

  it('posts again what is known not to stand there', async () => {
    await using outbox = new AnOutbox()
    outbox.channel.faults = [{ kind: 'request-lost' }]
    await outbox.say({ messageKey: 'alert:a' })
    await outbox.clock.advance(2_000)
    expect(outbox.channel.live('alert:a')).toHaveLength(1)
    expect(await outbox.store.auditAfter(0, 10)).toEqual([])
  })

  it('posts again, and says so, when nobody can tell', async () => {
    await using outbox = new AnOutbox()
    outbox.channel.canFind = false
    outbox.channel.faults = [{ kind: 'answer-lost' }]
    await outbox.say({ messageKey: 'alert:a' })
    await outbox.clock.advance(30_000)
    expect(outbox.channel.live('alert:a')).toHaveLength(2)
    expect(await outbox.store.auditAfter(0, 10)).toMatchObject([
      { event: 'maybe-posted-twice', subjectId: 'alert:a', detail: { why: 'missing_scope' } },
    ])
  })

  it('looks again when it was told to, however often, and does not post meanwhile', async () => {
    await using outbox = new AnOutbox()
    outbox.channel.searchesLaterMs = Array.from({ length: 6 }, () => 30_000)
    outbox.channel.faults = [{ kind: 'answer-lost' }]
    await outbox.say({ messageKey: 'alert:a' })
    await outbox.clock.advance(170_000)
    expect(outbox.channel.calls.map(({ kind }) => kind)).toEqual(['post', ...Array(6).fill('find')])
    await outbox.clock.advance(30_000)
    expect(outbox.channel.live('alert:a')).toHaveLength(1)
    expect((await outbox.store.figures()).counts).toMatchObject({ sent: 1, ambiguous: 0 })
  })

  it.each([true, false])(
    'finds out after a restart what became of a post that was under way (arrived: %s)',
    async (arrived) => {
      await using outbox = new AnOutbox()
      outbox.channel.faults = [{ kind: 'hangs', arrived }]
      await outbox.say({ messageKey: 'alert:a' })
      expect((await outbox.store.unsent('C1'))[0]?.state).toBe('sending')
      outbox.restart()
      await outbox.clock.advance(5_000)
      expect(outbox.channel.live('alert:a')).toHaveLength(1)
      expect((await outbox.store.figures()).counts).toMatchObject({ sent: 1, sending: 0, ambiguous: 0 })
    },
  )

  it('keeps what is refused, retries it slowly, and says why', async () => {
    await using outbox = new AnOutbox()
    outbox.channel.faults = Array.from({ length: 8 }, () => ({ kind: 'failed' as const }))
    await outbox.say({ messageKey: 'alert:a' }, { messageKey: 'alert:b' }, { messageKey: 'alert:c' })
    expect(await outbox.store.figures()).toMatchObject({
      failure: { code: 'not_in_channel', hint: 'Invite the bot to the channel.' },
    })
    await outbox.clock.advance(10_000)
    expect(outbox.channel.calls.length).toBeLessThan(5)
    await outbox.clock.advance(900_000)
    expect(outbox.channel.messages.map(({ key }) => key).toSorted()).toEqual([
      'alert:a',
      'alert:b',
      'alert:c',
    ])
    expect((await outbox.store.figures()).failure).toBeUndefined()
  })

  it('does not let one message that always fails hold up the others', async () => {
    await using outbox = new AnOutbox()
    await outbox.say({ messageKey: 'alert:a' }, { messageKey: 'alert:b' })
    outbox.channel.faults = [{ kind: 'throws' }]
    await outbox.say({ messageKey: 'alert:a', revision: 2 }, { messageKey: 'alert:b', revision: 2 })
    await outbox.clock.advance(1_000)
    expect(outbox.channel.live('alert:b')).toMatchObject([{ revision: 2 }])
    await outbox.clock.advance(5_000)
    expect(outbox.channel.live('alert:a')).toMatchObject([{ revision: 2 }])
  })

  it('gives each channel a lane of its own', async () => {
    await using outbox = new AnOutbox()
    outbox.channel.faults = [{ kind: 'later', afterMs: 60_000 }]
    await outbox.say({ messageKey: 'alert:a' })
    await outbox.say({ messageKey: 'alert:b', lane: 'C2' })
    expect(outbox.channel.messages).toMatchObject([{ key: 'alert:b' }])
  })

  it('tells a story where its alert stands, also when the bot speaks in another channel by now', async () => {
    await using outbox = new AnOutbox()
    await outbox.say({ messageKey: 'alert:a' })
    await outbox.say({ ...story, lane: 'C2' })
    expect(await outbox.store.lanes()).toEqual([])
    expect(outbox.channel.live(story.messageKey)).toMatchObject([{ thread: 'ts1', lane: 'C1' }])
  })

  it('fails when the store fails', async () => {
    const outbox = new AnOutbox()
    await settled()
    outbox.store.close()
    outbox.running.wake()
    await expect(outbox.running.failed).rejects.toMatchObject({ code: 'store-closed' })
    await outbox.running.stop()
  })

  it('leaves no timer behind when it stops', async () => {
    const outbox = new AnOutbox()
    outbox.channel.faults = [{ kind: 'later', afterMs: 60_000 }]
    await outbox.say({ messageKey: 'alert:a' })
    expect(outbox.clock.waiting).toBe(1)
    await outbox[Symbol.asyncDispose]()
    expect(outbox.clock.waiting).toBe(0)
  })
})
