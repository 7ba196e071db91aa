import { expect, it } from 'vitest'
import { FakeClock } from '../lib/fake-clock.ts'
import { aRemediation } from '../remediation/a-remediation.ts'
import { memoryStore } from './a-store.ts'

it('what was never posted follows SLACK_CHANNEL, and what stands somewhere keeps its thread there', async () => {
  using opened = memoryStore(new FakeClock())
  const { store } = opened
  const say = async (messageKey: string, threadOf?: string) => {
    const intent = { lane: 'C1', messageKey, kind: 'alert', subjectId: 's', revision: 1, threadOf } as const
    await store.propose(aRemediation({ id: `rem-${messageKey}`, incidentId: undefined }), {
      intents: [intent],
      audit: [],
    })
  }
  await say('posted')
  await store.begin('posted', 'd1', 1)
  await store.settle('posted', { kind: 'sent', messageId: '1.1', revision: 1, atMs: 1 })
  await say('its-thread', 'posted')
  await say('refused')
  await store.begin('refused', 'd2', 1)
  await store.settle('refused', { kind: 'failed', notBeforeMs: 1e15, code: 'channel_not_found', hint: '' })
  await say('waiting')
  await say('waiting-thread', 'waiting')
  await say('may-stand-there')
  await store.begin('may-stand-there', 'd3', 1)
  await store.settle('may-stand-there', { kind: 'ambiguous', notBeforeMs: 0, why: 'timeout' })

  expect(await store.moveUnposted('C2')).toBe(3)
  const keys = async (lane: string) => (await store.unsent(lane)).map((row) => row.messageKey).sort()
  expect(await keys('C1')).toEqual(['its-thread', 'may-stand-there'])
  expect(await keys('C2')).toEqual(['refused', 'waiting', 'waiting-thread'])
  expect((await store.unsent('C2')).every((row) => row.state === 'pending' && row.notBeforeMs === 0)).toBe(
    true,
  )
  expect(await store.moveUnposted('C2')).toBe(0)
})
