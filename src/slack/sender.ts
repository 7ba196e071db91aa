import type { KnownBlock } from '@slack/types'
import type { WebClient } from '@slack/web-api'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Intent } from '../outbox/intent.ts'
import type { DeliveryResult, FindResult, Messenger } from '../outbox/messenger.ts'
import type { Subjects } from './desk.ts'
import { type SlackFault, slackFault, slackHint } from './slack-fault.ts'
import { blocksOf } from './views/blocks.ts'
import { pageOf } from './views/page-of.ts'
import type { Page } from './views/piece.ts'
import { fallback } from './views/span.ts'

/** Marks our messages, so that one whose answer was lost can be recognised. */
const metadataType = 'maillimit_message'

export type SenderParts = {
  readonly client: WebClient
  readonly subjects: Subjects
  readonly clock: Clock
  readonly log: Log
  /** Told how each call ended, for health. */
  readonly onResult?: (result: DeliveryResult) => void
}

/** Posts and edits through the client that never retries; each answer of Slack is judged here, once. */
export function createSender(parts: SenderParts): Messenger {
  const { client, subjects, clock } = parts

  async function deliver(
    intent: Intent,
    send: (body: Body) => Promise<string | undefined>,
  ): Promise<DeliveryResult> {
    const page = await pageOf(intent, subjects, clock.now())
    const result = page === undefined ? subjectGone(intent) : await withForms(page, intent, send, parts.log)
    parts.onResult?.(result)
    return result
  }

  return {
    post: (intent, deliveryId, thread) =>
      deliver(intent, async (body) => {
        const answer = await client.chat.postMessage({
          channel: intent.lane,
          ...body,
          ...(thread === undefined ? {} : { thread_ts: thread }),
          metadata: { event_type: metadataType, event_payload: { delivery_id: deliveryId } },
          mrkdwn: false,
          unfurl_links: false,
          unfurl_media: false,
        })
        return answer.ts
      }),
    edit: (intent, messageId) =>
      deliver(intent, async (body) => {
        await client.chat.update({ channel: intent.lane, ts: messageId, ...body })
        return messageId
      }),
    async find(intent, deliveryId, sinceMs, thread) {
      if (intent.threadOf !== undefined && thread === undefined) {
        return { kind: 'unknown', why: 'the thread that it may be in is not known' }
      }
      return findMessage(parts, { channel: intent.lane, deliveryId, sinceMs, thread })
    },
  }
}

type Body = { readonly text: string; readonly blocks: KnownBlock[]; readonly parse: 'none' }

/** The newest blocks first; when Slack refuses them, plainer ones at once; an alert is never lost to a block. */
async function withForms(
  page: Page,
  intent: Intent,
  send: (body: Body) => Promise<string | undefined>,
  log: Log,
): Promise<DeliveryResult> {
  const text = fallback(page.summary, 3000)
  const forms: ReadonlyArray<() => KnownBlock[]> = [
    () => blocksOf(page, 'rich'),
    () => blocksOf(page, 'classic'),
    // An empty list and not an absent one: an edit would keep the old buttons otherwise.
    () => [],
  ]
  for (const [index, blocks] of forms.entries()) {
    try {
      const messageId = await send({ text, blocks: blocks(), parse: 'none' })
      if (messageId === undefined) return { kind: 'ambiguous', why: 'Slack named no message' }
      return { kind: 'sent', messageId }
    } catch (error) {
      const fault = slackFault(error)
      if (fault.kind !== 'refused' || !blockFaults.has(fault.code) || index === forms.length - 1)
        return deliveryResult(fault)
      log.warn(
        {
          message: intent.messageKey,
          code: fault.code,
          detail: fault.detail,
          form: index === 0 ? 'rich' : 'classic',
        },
        'slack refused the blocks of a message, sending a plainer form',
      )
    }
  }
  throw new Error('unreachable: the last form always returns')
}

const blockFaults = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_blocks_too_long',
  'msg_too_long',
])
const goneFaults = new Set(['message_not_found', 'message_deleted', 'thread_not_found'])

function deliveryResult(fault: SlackFault): DeliveryResult {
  if (fault.kind !== 'refused') return fault
  if (goneFaults.has(fault.code)) return { kind: 'gone' }
  return { kind: 'failed', code: fault.code, hint: slackHint(fault.code) }
}

function subjectGone(intent: Intent): DeliveryResult {
  return {
    kind: 'failed',
    code: 'subject-unknown',
    hint: `What the message "${intent.messageKey}" is about is no longer stored (RETENTION), so it is not sent.`,
  }
}

type Wanted = {
  readonly channel: string
  readonly deliveryId: string
  readonly sinceMs: number
  readonly thread: string | undefined
}

const maxPages = 10

async function findMessage(parts: SenderParts, wanted: Wanted): Promise<FindResult> {
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    const answer = await historyPage(parts, wanted, cursor)
    if ('kind' in answer) return answer
    const found = answer.messages.find(({ deliveryId }) => deliveryId === wanted.deliveryId)
    if (found !== undefined) return { kind: 'found', messageId: found.ts }
    if (answer.next === undefined) return { kind: 'absent' }
    cursor = answer.next
  }
  return { kind: 'unknown', why: 'there are too many messages to look through' }
}

type HistoryPage = {
  readonly messages: ReadonlyArray<{ readonly ts: string; readonly deliveryId: string | undefined }>
  readonly next: string | undefined
}

async function historyPage(
  { client }: SenderParts,
  wanted: Wanted,
  cursor: string | undefined,
): Promise<HistoryPage | Extract<FindResult, { kind: 'later' | 'unknown' }>> {
  const options = {
    channel: wanted.channel,
    // Slack's clock and ours differ: a minute more to look through costs nothing.
    oldest: String(Math.max(0, Math.floor(wanted.sinceMs / 1000) - 60)),
    include_all_metadata: true,
    limit: 200,
    ...(cursor === undefined ? {} : { cursor }),
  }
  try {
    const answer =
      wanted.thread === undefined
        ? await client.conversations.history(options)
        : await client.conversations.replies({ ...options, ts: wanted.thread })
    return {
      messages: (answer.messages ?? []).flatMap(({ ts, metadata }) =>
        ts === undefined ? [] : [{ ts, deliveryId: deliveryIdOf(metadata) }],
      ),
      next: answer.response_metadata?.next_cursor || undefined,
    }
  } catch (error) {
    const fault = slackFault(error)
    if (fault.kind === 'later') return fault
    return { kind: 'unknown', why: fault.kind === 'refused' ? fault.code : fault.why }
  }
}

function deliveryIdOf(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined
  const { event_type, event_payload } = metadata as {
    event_type?: unknown
    event_payload?: { delivery_id?: unknown }
  }
  if (event_type !== metadataType) return undefined
  return typeof event_payload?.delivery_id === 'string' ? event_payload.delivery_id : undefined
}
