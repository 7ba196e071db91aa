import type { App } from '@slack/bolt'
import type { ModalView } from '@slack/types'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import type { Block } from '../../dev/slack/block.ts'
import { runBolt } from './bolt-app.ts'

const modal = {
  type: 'modal',
  callback_id: 'other_value',
  private_metadata: 'incident-1',
  title: { type: 'plain_text', text: 'Another value' },
  submit: { type: 'plain_text', text: 'Plan it' },
  notify_on_close: true,
  blocks: [
    {
      type: 'input',
      block_id: 'value',
      label: { type: 'plain_text', text: 'New limit' },
      element: {
        type: 'number_input',
        action_id: 'limit',
        is_decimal_allowed: false,
        min_value: '11',
        max_value: '100',
      },
    },
    {
      type: 'input',
      block_id: 'why',
      optional: true,
      label: { type: 'plain_text', text: 'Why' },
      element: { type: 'plain_text_input', action_id: 'reason' },
    },
  ],
} as const satisfies ModalViewShape

type ModalViewShape = Omit<ModalView, 'blocks'> & { readonly blocks: readonly Block[] }

/** The app opens its modal for every command; `onSubmit` acknowledges the submission. */
function opening(onSubmit: (app: App) => void): (app: App) => void {
  return (app) => {
    app.command('/maillimit', async ({ ack, command, client }) => {
      await ack()
      await client.views.open({ trigger_id: command.trigger_id, view: modal as never })
    })
    onSubmit(app)
  }
}

test('a modal is opened, filled in and submitted', async () => {
  const seen: unknown[] = []
  await using running = await runBolt(
    opening((app) => {
      app.view('other_value', async ({ ack, view, body }) => {
        seen.push([body.user.id, view.private_metadata, view.state.values])
        await ack()
      })
    }),
  )
  const { slack } = running
  const { approver } = slack.people
  await slack.slash(approver, '/maillimit', 'raise')
  const view = await slack.untilModal(approver, 'the modal', () => true)
  expect(slack.modal(slack.people.member)).toBeUndefined()
  expect(await slack.submit(approver, view.id, { limit: '30' })).toEqual({ outcome: 'closed' })
  expect(slack.modal(approver)).toBeUndefined()
  expect(seen).toEqual([
    [
      approver,
      'incident-1',
      {
        value: { limit: { type: 'number_input', value: '30' } },
        why: { reason: { type: 'plain_text_input', value: null } },
      },
    ],
  ])
})

test('what the client itself refuses is never sent', async () => {
  await using running = await runBolt(opening(() => {}))
  const { slack } = running
  const { approver } = slack.people
  await slack.slash(approver, '/maillimit', 'raise')
  const view = await slack.untilModal(approver, 'the modal', () => true)
  const tried = async (limit: string) => slack.submit(approver, view.id, { limit })
  expect(await tried('')).toMatchObject({
    outcome: 'not-sent',
    errors: { value: 'Please complete this required field.' },
  })
  expect(await tried('ten')).toMatchObject({ errors: { value: 'Enter a number' } })
  expect(await tried('10')).toMatchObject({ errors: { value: 'Enter a number of at least 11' } })
  expect(await tried('101')).toMatchObject({ errors: { value: 'Enter a number of at most 100' } })
  expect(await tried('20.5')).toMatchObject({ errors: { value: 'Enter a whole number' } })
  await expect(slack.submit(approver, view.id, { limt: '20' })).rejects.toThrow(
    'there are: value/limit, why/reason',
  )
  expect(slack.envelopes.all().filter((envelope) => envelope.type === 'interactive')).toEqual([])
})

test('the app may answer with errors, another view, or a view on top', async () => {
  let answer: object = { response_action: 'errors', errors: { value: 'too much' } }
  await using running = await runBolt(
    opening((app) => app.view('other_value', async ({ ack }) => ack(answer as never))),
  )
  const { slack } = running
  const { approver } = slack.people
  await slack.slash(approver, '/maillimit', 'raise')
  const view = await slack.untilModal(approver, 'the modal', () => true)
  const submit = () => slack.submit(approver, slack.modal(approver)?.id ?? '', { limit: '30' })
  expect(await submit()).toEqual({ outcome: 'errors', errors: { value: 'too much' } })
  answer = { response_action: 'errors', errors: { nowhere: 'x' } }
  expect(await submit()).toMatchObject({ outcome: 'bad-answer' })
  answer = { response_action: 'update', view: { ...modal, private_metadata: 'second' } }
  expect(await submit()).toMatchObject({
    outcome: 'updated',
    view: { id: view.id, privateMetadata: 'second' },
  })
  answer = { response_action: 'update', view: { type: 'modal' } }
  expect(await submit()).toMatchObject({ outcome: 'bad-answer' })
  answer = { response_action: 'push', view: modal }
  expect(await submit()).toMatchObject({ outcome: 'pushed', view: { previousId: view.id, rootId: view.id } })
  answer = { response_action: 'clear' }
  expect(await submit()).toEqual({ outcome: 'closed' })
  expect(slack.modal(approver)).toBeUndefined()
})

test('closing a modal tells the app, if it wants to know', async () => {
  const closed: unknown[] = []
  await using running = await runBolt(
    opening((app) => {
      app.view({ callback_id: 'other_value', type: 'view_closed' }, async ({ ack, body }) => {
        closed.push((body as { is_cleared?: boolean }).is_cleared)
        await ack()
      })
    }),
  )
  const { slack } = running
  await slack.slash(slack.people.approver, '/maillimit', 'raise')
  const view = await slack.untilModal(slack.people.approver, 'the modal', () => true)
  await slack.closeModal(slack.people.approver, view.id)
  expect(closed).toEqual([false])
  expect(slack.modal(slack.people.approver)).toBeUndefined()
})

test('a trigger opens one modal, within its time', async () => {
  const triggers: string[] = []
  let laterMs = 0
  const clock = { ...systemClock, now: () => systemClock.now() + laterMs }
  await using running = await runBolt(
    (app) =>
      app.command('/maillimit', async ({ ack, command }) => {
        triggers.push(command.trigger_id)
        await ack()
      }),
    { clock },
  )
  const { slack, app } = running
  const open = async (trigger: string | undefined) => {
    const answer = app.client.views.open({ trigger_id: trigger ?? '', view: modal as never })
    return answer.then(
      () => 'opened',
      (error: unknown) => (error as { data: { error: string } }).data.error,
    )
  }
  await slack.slash(slack.people.approver, '/maillimit', 'raise')
  expect(await open(triggers[0])).toBe('opened')
  expect(await open(triggers[0])).toBe('exchanged_trigger_id')
  await slack.slash(slack.people.approver, '/maillimit', 'raise')
  laterMs = 3001
  expect(await open(triggers[1])).toBe('expired_trigger_id')
  expect(await open('made.up')).toBe('invalid_trigger_id')
})

test('a view is updated only by who knows its newest hash', async () => {
  await using running = await runBolt(opening(() => {}))
  const { slack, app } = running
  await slack.slash(slack.people.approver, '/maillimit', 'raise')
  const { id, hash } = await slack.untilModal(slack.people.approver, 'the modal', () => true)
  await app.client.views.update({ view_id: id, hash, view: modal as never })
  await expect(app.client.views.update({ view_id: id, hash, view: modal as never })).rejects.toMatchObject({
    data: { error: 'hash_conflict' },
  })
})
