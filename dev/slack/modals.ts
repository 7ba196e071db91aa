import { someone, trouble } from './actor.ts'
import { type ElementPlace, elementsOf } from './block.ts'
import { chosenValue, elementValues, selectionKey, valueField } from './element-values.ts'
import type { Envelopes } from './envelopes.ts'
import { viewClosedPayload, viewSubmissionPayload } from './payloads.ts'
import type { View } from './views.ts'
import { ApiRefusal } from './web-api/api-refusal.ts'
import { viewContent } from './web-api/view-content.ts'
import { notify, type World } from './world.ts'

/** What becomes of a modal that was submitted. */
type SubmitResult =
  | { readonly outcome: 'closed' }
  /** The app refused: messages by block_id, shown beside the inputs. */
  | { readonly outcome: 'errors'; readonly errors: Readonly<Record<string, string>> }
  | { readonly outcome: 'updated'; readonly view: View }
  | { readonly outcome: 'pushed'; readonly view: View }
  /** The client shows "We had some trouble connecting". */
  | { readonly outcome: 'timed-out' | 'no-connection' }
  /** The client itself does not let this be submitted: messages by block_id. */
  | { readonly outcome: 'not-sent'; readonly errors: Readonly<Record<string, string>> }
  /** The app's acknowledgement made no sense to Slack. */
  | { readonly outcome: 'bad-answer'; readonly error: string }

/** What people do with modals. */
export type Modals = {
  /** `values` by action_id, or by `block_id/action_id` where that is not clear; see chosenValue for their forms. */
  submit(userId: string, viewId: string, values?: Readonly<Record<string, unknown>>): Promise<SubmitResult>
  closeModal(userId: string, viewId: string): Promise<void>
}

export function createModals(world: World, envelopes: Envelopes): Modals {
  function opened(userId: string, viewId: string): View {
    const top = world.views.stack(userId).at(-1)
    if (top?.id === viewId) return top
    throw new Error(`${userId} does not have modal ${viewId} before them, but ${top?.id ?? 'none'}`)
  }

  return {
    async submit(userId, viewId, values = {}) {
      const view = opened(userId, viewId)
      const errors = fillIn(world, view, values)
      if (Object.keys(errors).length > 0) return { outcome: 'not-sent', errors }
      const payload = viewSubmissionPayload(world, someone(world, userId), view)
      const delivery = await envelopes.deliver('interactive', payload, true)
      if (delivery.outcome === 'acknowledged') return answered(world, view, delivery.payload)
      notify(world, userId, viewId, `We had some trouble connecting. Try again? (${trouble(delivery)})`)
      return { outcome: delivery.outcome }
    },
    async closeModal(userId, viewId) {
      const view = opened(userId, viewId)
      const payload = viewClosedPayload(world, someone(world, userId), view, view.clearOnClose)
      if (view.clearOnClose) world.views.clear(userId)
      else world.views.pop(userId)
      if (view.notifyOnClose) await envelopes.deliver('interactive', payload, false)
    },
  }
}

/** Puts the values into the modal, and says what the client itself would not send. */
function fillIn(world: World, view: View, values: Readonly<Record<string, unknown>>): Record<string, string> {
  const errors: Record<string, string> = {}
  const places = elementsOf(view.blocks)
  for (const name of Object.keys(values)) {
    const fits = places.filter((place) => isNamed(place, name))
    if (fits.length !== 1) {
      const there = places.map(({ blockId, actionId }) => `${blockId}/${actionId}`).join(', ')
      throw new Error(`${name} names ${fits.length} inputs of modal ${view.id}; there are: ${there}`)
    }
  }
  for (const place of places) {
    const name = Object.keys(values).find((key) => isNamed(place, key))
    if (name === undefined) continue
    const chosen = values[name] === '' ? null : chosenValue(place.element, values[name])
    if (chosen instanceof Error) errors[place.blockId] = chosen.message
    else world.selections.set(selectionKey(view.userId, view.id, place.blockId, place.actionId), chosen)
  }
  return { ...missingInputs(world, view), ...errors }
}

function missingInputs(world: World, view: View): Record<string, string> {
  const state = elementValues(world.selections, view.userId, view.id, view.blocks)
  const missing = elementsOf(view.blocks).filter(({ block, element, blockId, actionId }) => {
    if (block.type !== 'input' || block['optional'] === true) return false
    const { [valueField(element.type) ?? '']: value } = (state[blockId]?.[actionId] ?? {}) as Record<
      string,
      unknown
    >
    return (
      value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
    )
  })
  return Object.fromEntries(missing.map(({ blockId }) => [blockId, 'Please complete this required field.']))
}

function isNamed({ blockId, actionId }: ElementPlace, name: string): boolean {
  return name === actionId || name === `${blockId}/${actionId}`
}

/** Carries out the `response_action` in the acknowledgement of a submission. */
function answered(world: World, view: View, payload: unknown): SubmitResult {
  const answer = (payload ?? {}) as Readonly<Record<string, unknown>>
  const action = answer['response_action']
  try {
    if (action === 'errors') {
      const errors = answer['errors'] as Readonly<Record<string, string>>
      const unknown = Object.keys(errors).filter(
        (id) => !view.blocks.some((block) => block['block_id'] === id),
      )
      if (unknown.length > 0)
        return { outcome: 'bad-answer', error: `errors for unknown blocks: ${unknown.join(', ')}` }
      return { outcome: 'errors', errors }
    }
    if (action === 'update') {
      return { outcome: 'updated', view: world.views.update(view, viewContent(world, answer['view'])) }
    }
    if (action === 'push') {
      const pushed = world.views.push(view.userId, viewContent(world, answer['view']))
      return pushed === undefined
        ? { outcome: 'bad-answer', error: 'push_limit_reached' }
        : { outcome: 'pushed', view: pushed }
    }
    if (action === 'clear') world.views.clear(view.userId)
    else world.views.pop(view.userId)
    return { outcome: 'closed' }
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error
    notify(world, view.userId, view.id, `We had some trouble connecting. Try again? (${error.error})`)
    return { outcome: 'bad-answer', error: `${error.error}: ${JSON.stringify(error.extra)}` }
  }
}
