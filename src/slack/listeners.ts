import type { App } from '@slack/bolt'
import type { Click } from './desk.ts'
import { answerFor, type Incoming, type ListenerParts } from './listener-parts.ts'
import { onButton } from './on-button.ts'
import { onCommand } from './on-command.ts'
import { onHome } from './on-home.ts'
import { onSubmission } from './on-submission.ts'
import { settleClick } from './settle-click.ts'

const everything = /^/

/**
 * One listener for each kind of envelope: which button or word it is, is decided in one place, and none is left without an
 * acknowledgement. The returned function acts upon clicks that were stored when the bot died.
 */
export function listen(app: App, parts: ListenerParts): (clicks: readonly Click[]) => Promise<void> {
  app.action(everything, ({ body, ack }) => onButton(parts, incoming(body, ack)))
  app.command(everything, ({ body, ack }) => onCommand(parts, incoming(body, ack)))
  app.view(everything, ({ body, ack }) => onSubmission(parts, incoming(body, ack)))
  app.event('app_home_opened', ({ body }) => onHome(parts, body))
  app.error(async (error) => parts.log.error({ error }, 'a listener failed'))
  return (clicks) => settleUnfinished(parts, clicks)
}

function incoming(body: unknown, ack: unknown): Incoming {
  return { body, ack: async (response) => (ack as (given?: object) => Promise<void>)(response) }
}

async function settleUnfinished(parts: ListenerParts, clicks: readonly Click[]): Promise<void> {
  const { actions } = parts.desk
  for (const click of clicks) {
    const answer = answerFor(parts, {
      user: click.by,
      channel: click.channel || parts.channel,
      threadTs: click.threadTs,
    })
    await settleClick({ ...parts, actions }, click, answer)
  }
}
