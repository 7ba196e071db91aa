import { type Block, withIds } from '../block.ts'
import { elementValues } from '../element-values.ts'
import { validateView } from '../validate/validate.ts'
import type { View, ViewContent } from '../views.ts'
import { app, type World } from '../world.ts'
import { refuseProblems } from './message-content.ts'

/** Reads a view from the wire; bad ones are refused as `invalid_arguments` or whatever `error` says. */
export function viewContent(world: World, view: unknown, error = 'invalid_arguments'): ViewContent {
  refuseProblems(error, validateView(view))
  const given = view as Readonly<Record<string, unknown>>
  return {
    type: given['type'] as ViewContent['type'],
    title: given['title'] ?? null,
    submit: given['submit'] ?? null,
    close: given['close'] ?? null,
    blocks: withIds(given['blocks'] as readonly Block[], () => world.ids.next('b')),
    privateMetadata: (given['private_metadata'] as string | undefined) ?? '',
    callbackId: (given['callback_id'] as string | undefined) ?? '',
    externalId: (given['external_id'] as string | undefined) ?? '',
    clearOnClose: given['clear_on_close'] === true,
    notifyOnClose: given['notify_on_close'] === true,
  }
}

/** A view as the API and the payloads give it out, with what its person has filled in. */
export function wireView(world: World, view: View): Record<string, unknown> {
  return {
    id: view.id,
    team_id: app.teamId,
    type: view.type,
    blocks: view.blocks,
    private_metadata: view.privateMetadata,
    callback_id: view.callbackId,
    state: { values: elementValues(world.selections, view.userId, view.id, view.blocks) },
    hash: view.hash,
    title: view.title,
    submit: view.submit,
    close: view.close,
    clear_on_close: view.clearOnClose,
    notify_on_close: view.notifyOnClose,
    root_view_id: view.rootId,
    previous_view_id: view.previousId ?? null,
    app_id: app.id,
    external_id: view.externalId,
    app_installed_team_id: app.teamId,
    bot_id: app.botId,
  }
}
