import { app, type World } from '../world.ts'
import { ApiRefusal } from './api-refusal.ts'
import { type Args, jsonArg, neededArg, numberArg, textArg } from './args.ts'
import { writableChannel } from './find-channel.ts'
import { sentContent } from './message-content.ts'
import type { Answer, ApiMethod } from './method.ts'

export const fileMethods: Readonly<Record<string, ApiMethod>> = {
  'files.getUploadURLExternal': { token: 'bot', scopes: ['files:write'], run: getUploadUrl },
  'files.completeUploadExternal': { token: 'bot', scopes: ['files:write'], run: complete },
}

function getUploadUrl(world: World, args: Args): Answer {
  const name = neededArg(args, 'filename')
  const length = numberArg(args, 'length', 0)
  if (!(length >= 1)) throw new ApiRefusal('invalid_arguments')
  const id = world.ids.next('F')
  const secret = world.ids.secret()
  world.uploads.set(id, { id, name, length, secret, content: undefined, shared: false })
  return { file_id: id, upload_url: `${world.origin}/upload/v1/${id}/${secret}` }
}

function complete(world: World, args: Args): Answer {
  const listed = jsonArg(args, 'files', 'invalid_arguments')
  if (!Array.isArray(listed) || listed.length === 0) throw new ApiRefusal('invalid_arguments')
  const files = listed.map((entry: { readonly id?: unknown; readonly title?: unknown }) => {
    const upload = world.uploads.get(String(entry.id))
    if (upload?.content === undefined || upload.shared) throw new ApiRefusal('file_not_found')
    const title = typeof entry.title === 'string' ? entry.title : upload.name
    return { id: upload.id, name: upload.name, title, content: upload.content.toString() }
  })
  const channelId = textArg(args, 'channel_id')
  if (channelId !== undefined) {
    const channel = writableChannel(world, channelId)
    const sent = sentContent(world, args)
    world.messages.post({
      text: textArg(args, 'initial_comment') ?? '',
      blocks: sent.blocks ?? [],
      attachments: [],
      metadata: undefined,
      parse: undefined,
      linkNames: false,
      mrkdwn: true,
      files,
      channel: channel.id,
      author: app.botUserId,
      byApp: true,
      ephemeralFor: undefined,
      threadTs: textArg(args, 'thread_ts'),
    })
  }
  for (const { id } of files) {
    const upload = world.uploads.get(id)
    if (upload !== undefined) upload.shared = true
  }
  return { files: files.map(({ id, name, title }) => ({ id, name, title })) }
}
