import type { View } from '../views.ts'
import type { World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, jsonArg, neededArg, textArg } from './args.ts'
import type { Answer, ApiMethod } from './method.ts'
import { viewContent, wireView } from './view-content.ts'

export const viewMethods: Readonly<Record<string, ApiMethod>> = {
  'views.open': { token: 'bot', run: open },
  'views.push': { token: 'bot', run: push },
  'views.update': { token: 'bot', run: update },
  'views.publish': { token: 'bot', run: publish },
}

function open(world: World, args: Args): Answer {
  const content = viewContent(world, jsonArg(args, 'view', 'invalid_arguments'))
  mustBe('modal', content.type)
  const { userId } = redeemed(world, args)
  refuseDuplicate(world, content.externalId, undefined)
  return { view: wireView(world, world.views.open(userId, content)) }
}

function push(world: World, args: Args): Answer {
  const content = viewContent(world, jsonArg(args, 'view', 'invalid_arguments'))
  mustBe('modal', content.type)
  const { userId, viewId } = redeemed(world, args)
  if (viewId === undefined || world.views.get(viewId)?.type !== 'modal') throw new ApiRefusal('not_found')
  refuseDuplicate(world, content.externalId, undefined)
  const view = world.views.push(userId, content)
  if (view === undefined) throw new ApiRefusal('push_limit_reached')
  return { view: wireView(world, view) }
}

function update(world: World, args: Args): Answer {
  const content = viewContent(world, jsonArg(args, 'view', 'invalid_arguments'))
  const externalId = textArg(args, 'external_id')
  const view =
    externalId === undefined
      ? world.views.get(neededArg(args, 'view_id'))
      : world.views.byExternalId(externalId)
  if (view === undefined) throw new ApiRefusal('not_found')
  mustBe(view.type, content.type)
  refuseConflict(view, args)
  refuseDuplicate(world, content.externalId, view)
  return { view: wireView(world, world.views.update(view, content)) }
}

function publish(world: World, args: Args): Answer {
  const content = viewContent(world, jsonArg(args, 'view', 'invalid_arguments'))
  mustBe('home', content.type)
  const userId = neededArg(args, 'user_id')
  const person = world.directory.person(userId)
  if (person === undefined || person.deleted || person.isBot) throw new ApiRefusal('invalid_arguments')
  const old = world.views.home(userId)
  if (old !== undefined) refuseConflict(old, args)
  return { view: wireView(world, world.views.publish(userId, content)) }
}

function redeemed(
  world: World,
  args: Args,
): { readonly userId: string; readonly viewId: string | undefined } {
  const trigger = world.triggers.redeem(neededArg(args, 'trigger_id'))
  if (typeof trigger === 'string') throw new ApiRefusal(trigger)
  return trigger
}

function mustBe(expected: View['type'], got: View['type']): void {
  if (expected === got) return
  throw new ApiRefusal('invalid_arguments', {
    response_metadata: { messages: [`[ERROR] must be a ${expected} view [json-pointer:/view/type]`] },
  })
}

function refuseConflict(view: View, args: Args): void {
  const hash = textArg(args, 'hash')
  if (hash !== undefined && hash !== view.hash) throw new ApiRefusal('hash_conflict')
}

function refuseDuplicate(world: World, externalId: string, except: View | undefined): void {
  if (externalId === '') return
  const other = world.views.byExternalId(externalId)
  if (other !== undefined && other.id !== except?.id) throw new ApiRefusal('duplicate_external_id')
}
