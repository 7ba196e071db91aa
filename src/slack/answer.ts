import type { WebClient } from '@slack/web-api'
import type { Log } from '../lib/log.ts'
import { slackFault } from './slack-fault.ts'
import { blocksOf, type Form } from './views/blocks.ts'
import type { Page } from './views/piece.ts'
import { fallback } from './views/span.ts'

/** Where an answer for one person alone goes. */
export type AnswerPlace = {
  readonly user: string
  readonly channel: string
  readonly threadTs: string | undefined
  /** Lives 30 minutes and five answers; works in channels where the bot is not. */
  readonly responseUrl: string | undefined
}

export type Answer = (page: Page) => Promise<void>

const responseTimeoutMs = 2500

/** Answers by response_url, else by chat.postEphemeral; the newest blocks first, plainer ones when they are refused. Never throws: there is nobody left to tell. */
export function answerAt(
  place: AnswerPlace,
  parts: { readonly client: WebClient; readonly fetch: typeof fetch; readonly log: Log },
): Answer {
  return async (page) => {
    const faults: unknown[] = []
    for (const form of ['rich', 'classic'] as const) {
      for (const send of [byUrl, byMethod]) {
        const fault = await send(form, page)
        if (fault === undefined) return
        faults.push(fault)
      }
    }
    parts.log.warn(
      { faults, user: place.user, channel: place.channel },
      'an answer could not be given to a person',
    )
  }

  async function byUrl(form: Form, page: Page): Promise<unknown> {
    if (place.responseUrl === undefined) return 'no response_url'
    try {
      const response = await parts.fetch(place.responseUrl, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, ...body(form, page) }),
        signal: AbortSignal.timeout(responseTimeoutMs),
      })
      const words = (await response.text()).slice(0, 300)
      return response.ok && !words.includes('"ok":false') ? undefined : `HTTP ${response.status} ${words}`
    } catch (error) {
      return error instanceof Error ? error.name : 'unknown fault'
    }
  }

  async function byMethod(form: Form, page: Page): Promise<unknown> {
    try {
      await parts.client.chat.postEphemeral({
        channel: place.channel,
        user: place.user,
        ...body(form, page),
        ...(place.threadTs === undefined ? {} : { thread_ts: place.threadTs }),
      })
      return undefined
    } catch (error) {
      return slackFault(error)
    }
  }
}

function body(form: Form, page: Page) {
  return { text: fallback(page.summary, 3000), blocks: blocksOf(page, form), parse: 'none' as const }
}
