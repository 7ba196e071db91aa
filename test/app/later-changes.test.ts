import { describe, expect, it } from 'vitest'
import type { MessageKind } from '../../src/outbox/intent.ts'
import { pageOf } from '../../src/slack/views/page-of.ts'
import type { Page } from '../../src/slack/views/piece.ts'
import { ABot, MINUTE } from './a-bot.ts'

/** A message as it would be sent now, with its buttons, and how often there was news for it. */
async function seen(a: ABot, kind: MessageKind, subjectId: string) {
  const intent = { lane: 'C1', messageKey: '', kind, subjectId, revision: 1, threadOf: undefined }
  const page = await pageOf(intent, a.bot.subjects, a.clock.now())
  if (page === undefined) throw new Error(`there is no ${kind} of ${subjectId}`)
  const row = (await a.store.unsent('C1')).find(({ messageKey }) => messageKey === `${kind}:${subjectId}`)
  return { text: JSON.stringify(page), buttons: labels(page), revision: row?.revision ?? 0 }
}

function labels(page: Page): readonly string[] {
  return page.pieces.flatMap((piece) =>
    piece.kind === 'buttons' ? piece.buttons.map(({ label }) => label) : [],
  )
}

async function raiseTo(a: ABot, value: number): Promise<string> {
  await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value })
  const { id } = await a.proposal()
  await a.click({ kind: 'approve', remediationId: id })
  return id
}

async function rollBack(a: ABot, remediationId: string): Promise<void> {
  await a.click({ kind: 'rollback', remediationId })
  await a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
}

async function withGreenAlert() {
  const a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const { id: incidentId } = await a.incident()
  const { id } = await a.proposal()
  await a.click({ kind: 'approve', remediationId: id })
  return { a, incidentId, raised: a.host.limit, id }
}

describe('a raise with a message of its own', () => {
  it('loses its Roll back button when another message rolled it back, in the message and in the thread', async () => {
    await using a = await new ABot().start()
    const id = await raiseTo(a, 40)
    const before = await seen(a, 'request', id)
    expect(before.buttons).toEqual(['Roll back'])
    await rollBack(a, id)
    const now = await seen(a, 'request', id)
    expect(now.buttons).toEqual([])
    expect(now.text).toContain('from 40 to 10')
    expect(now.revision).toBeGreaterThan(before.revision)
    const outcome = await seen(a, 'outcome', id)
    expect(outcome.text).not.toContain('To undo')
    expect(outcome.revision).toBeGreaterThan(1)
  })

  it('loses it to a later raise as well: the host would refuse to undo what is covered', async () => {
    await using a = await new ABot().start()
    const first = await raiseTo(a, 40)
    await a.clock.advance(2 * MINUTE)
    const second = await raiseTo(a, 60)
    expect((await seen(a, 'request', first)).buttons).toEqual([])
    expect((await seen(a, 'request', second)).buttons).toEqual(['Roll back'])
  })

  it('ends its watch without an alarm when the bot itself changed the limit meanwhile', async () => {
    await using a = await new ABot().start()
    const id = await raiseTo(a, 40)
    await a.clock.advance(2 * MINUTE)
    await rollBack(a, id)
    await a.clock.advance(13 * MINUTE)
    const ended = await a.store.remediation(id)
    expect(ended).toMatchObject({ state: 'succeeded', verification: { effectiveValue: 40 } })
    expect((await seen(a, 'outcome', id)).text).toContain('from 40 to 10')
    expect(await a.metrics.registry.metrics()).toContain(
      'maillimit_remediations_total{host="mx1",state="needs_operator"} 0',
    )
  })
})

it('the end of a watch is put off while another change of the same limit is being carried out', async () => {
  await using a = await new ABot().start()
  const id = await raiseTo(a, 40)
  const apply = a.host.apply.bind(a.host)
  const gate = Promise.withResolvers<void>()
  a.host.apply = async function* (request) {
    const end = yield* apply(request)
    await gate.promise
    return end
  }
  await a.clock.advance(9 * MINUTE)
  await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 60 })
  const second = a.click({ kind: 'approve', remediationId: (await a.proposal()).id })
  await a.clock.advance(2 * MINUTE)
  expect((await a.store.remediation(id))?.state).toBe('verifying')
  gate.resolve()
  await second
  await a.clock.advance(MINUTE)
  expect((await a.store.remediation(id))?.state).toBe('succeeded')
})

describe('a green alert', () => {
  it('learns of a later raise elsewhere without another hit', async () => {
    const { a, incidentId, raised } = await withGreenAlert()
    await using _bot = a
    await a.clock.advance(11 * MINUTE)
    const before = await seen(a, 'alert', incidentId)
    expect(before.text).toContain('and is in force.')
    await raiseTo(a, 60)
    const now = await seen(a, 'alert', incidentId)
    expect(now.revision).toBeGreaterThan(before.revision)
    expect(now.text).not.toContain('and is in force.')
    expect(now.text).toContain(`from ${raised} to 60`)
    expect(now.buttons).not.toContain('Roll back')
  })

  it('says that its raise was rolled back by another message', async () => {
    const { a, incidentId, raised, id } = await withGreenAlert()
    await using _bot = a
    await a.clock.advance(11 * MINUTE)
    await raiseTo(a, 60)
    const later = (await a.store.lastChange('mx1', 'imap'))?.remediationId ?? ''
    await rollBack(a, later)
    await a.clock.advance(2 * MINUTE)
    expect(later).not.toBe(id)
    expect((await seen(a, 'alert', incidentId)).text).toContain(`from 60 to ${raised}`)
  })

  it('of an incident that is over does not go on to say that its limit stays', async () => {
    const { a, incidentId, raised, id } = await withGreenAlert()
    await using _bot = a
    await a.clock.advance(31 * MINUTE)
    const before = await seen(a, 'alert', incidentId)
    expect(before.text).toContain(`The limit stays at ${raised}`)
    await rollBack(a, id)
    const now = await seen(a, 'alert', incidentId)
    expect(now.text).not.toContain('The limit stays')
    expect(now.text).toContain(`from ${raised} to 10`)
    expect(now.revision).toBeGreaterThan(before.revision)
  })
})

it('a red alert without a plan looks at the host again when the limit was raised elsewhere', async () => {
  await using a = await new ABot().start()
  a.host.holds('taro@example.com', 10)
  await a.hit()
  const { id: incidentId } = await a.incident()
  await a.click({ kind: 'reject', remediationId: (await a.proposal()).id })
  await raiseTo(a, 60)
  expect((await a.store.incident(incidentId))?.advice?.limit).toBe(60)
})
