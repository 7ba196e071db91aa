import type { Message } from './messages.ts'
import { opsChannelId } from './people.ts'
import type { Sockets } from './socket-mode.ts'
import { until } from './until.ts'
import type { View } from './views.ts'
import type { ApiCall } from './web-api/call.ts'
import type { Notice, World } from './world.ts'

/** A bound for what never comes, not for what is slow: a busy machine takes its time. */
const defaultTimeoutMs = 30_000

/** What can be seen in the workspace, now or when it comes. */
export type Sight = {
  /** What stands in the channel itself, oldest first. */
  messages(channelId?: string): readonly Message[]
  /** A message by its ts, ephemerals and deleted ones too. */
  message(ts: string): Message | undefined
  /** The replies in a thread, oldest first, without the parent. */
  replies(threadTs: string): readonly Message[]
  /** What only this person sees, oldest first. */
  ephemerals(userId: string): readonly Message[]
  /** The modal before this person's eyes. */
  modal(userId: string): View | undefined
  home(userId: string): View | undefined
  /** What Slack itself told this person about actions that came to nothing. */
  notices(userId: string): readonly Notice[]
  callsOf(method: string): readonly ApiCall[]
  /** Waits until `look` finds something; `what` names it in the error. */
  until<T>(what: string, look: () => T | undefined, timeoutMs?: number): Promise<T>
  untilMessage(what: string, fits: (message: Message) => boolean, timeoutMs?: number): Promise<Message>
  untilReply(
    threadTs: string,
    what: string,
    fits: (message: Message) => boolean,
    timeoutMs?: number,
  ): Promise<Message>
  untilEphemeral(
    userId: string,
    what: string,
    fits: (message: Message) => boolean,
    timeoutMs?: number,
  ): Promise<Message>
  untilModal(userId: string, what: string, fits: (view: View) => boolean, timeoutMs?: number): Promise<View>
  untilHome(userId: string, what: string, fits: (view: View) => boolean, timeoutMs?: number): Promise<View>
  untilCall(
    method: string,
    what: string,
    fits: (call: ApiCall) => boolean,
    timeoutMs?: number,
  ): Promise<ApiCall>
  /** Waits until at least `count` sockets stand. */
  untilConnected(count?: number, timeoutMs?: number): Promise<void>
}

export function createSight(world: World, calls: readonly ApiCall[], sockets: Sockets): Sight {
  const sight: Sight = {
    messages: (channelId = opsChannelId) => world.messages.inChannel(channelId),
    message: (ts) => world.messages.all().find((message) => message.ts === ts),
    replies: (threadTs) => {
      const parent = sight.message(threadTs)
      return parent === undefined
        ? []
        : world.messages.thread(parent.channel, threadTs).filter(({ ts }) => ts !== threadTs)
    },
    ephemerals: (userId) =>
      world.messages.all().filter((message) => message.ephemeralFor === userId && message.state === 'live'),
    modal: (userId) => world.views.stack(userId).at(-1),
    home: (userId) => world.views.home(userId),
    notices: (userId) => world.notices.filter((notice) => notice.userId === userId),
    callsOf: (method) => calls.filter((call) => call.method === method),
    until: (what, look, timeoutMs = defaultTimeoutMs) =>
      until(world.feed, look, { what, timeoutMs, seen: () => summary(sight, calls) }),
    untilMessage: (what, fits, timeoutMs) =>
      sight.until(
        what,
        () => sight.messages().find((message) => message.state === 'live' && fits(message)),
        timeoutMs,
      ),
    untilReply: (threadTs, what, fits, timeoutMs) =>
      sight.until(what, () => sight.replies(threadTs).find(fits), timeoutMs),
    untilEphemeral: (userId, what, fits, timeoutMs) =>
      sight.until(what, () => sight.ephemerals(userId).find(fits), timeoutMs),
    untilModal: (userId, what, fits, timeoutMs) =>
      sight.until(what, () => fitting(sight.modal(userId), fits), timeoutMs),
    untilHome: (userId, what, fits, timeoutMs) =>
      sight.until(what, () => fitting(sight.home(userId), fits), timeoutMs),
    untilCall: (method, what, fits, timeoutMs) =>
      sight.until(what, () => sight.callsOf(method).find(fits), timeoutMs),
    async untilConnected(count = 1, timeoutMs = defaultTimeoutMs) {
      await sight.until(`${count} socket(s)`, () => (sockets.open >= count ? true : undefined), timeoutMs)
    },
  }
  return sight
}

function fitting<T>(value: T | undefined, fits: (value: T) => boolean): T | undefined {
  return value !== undefined && fits(value) ? value : undefined
}

/** What there is instead of what was awaited. */
function summary(sight: Sight, calls: readonly ApiCall[]): string {
  const messages = sight.messages().map(({ ts, text }) => `${ts} ${JSON.stringify(text.slice(0, 100))}`)
  const last = calls
    .slice(-8)
    .map(({ method, answer, fault }) => `${method} → ${fault ?? JSON.stringify(answer)?.slice(0, 160)}`)
  return `${messages.length} message(s) [${messages.slice(-5).join('; ')}], last calls [${last.join('; ')}]`
}
