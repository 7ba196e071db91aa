import type { ReplyTarget } from './response-urls.ts'
import { ApiRefusal } from './web-api/api-refusal.ts'
import { type Args, flagArg, textArg } from './web-api/args.ts'
import { newContent, sentContent } from './web-api/message-content.ts'
import { app, type World } from './world.ts'

/** An answer to a click or a command, by response_url or in the acknowledgement: posts, replaces or deletes. */
export function takeReply(world: World, target: ReplyTarget, reply: Args): void {
  const { channel, userId, messageTs } = target
  const source = messageTs === undefined ? undefined : world.messages.get(channel, messageTs)
  if (flagArg(reply, 'delete_original') === true) {
    if (source === undefined) throw new ApiRefusal('no_original')
    world.messages.remove(source)
    return
  }
  const content = newContent(sentContent(world, reply))
  if (flagArg(reply, 'replace_original') === true) {
    if (source === undefined || source.state !== 'live') throw new ApiRefusal('no_original')
    world.messages.edit(source, content)
    return
  }
  const isForAll = textArg(reply, 'response_type') === 'in_channel'
  world.messages.post({
    ...content,
    channel,
    author: app.botUserId,
    byApp: true,
    ephemeralFor: isForAll ? undefined : userId,
    threadTs: textArg(reply, 'thread_ts'),
  })
}
