import { type ElementPlace, elementsOf } from './block.ts'
import type { Channel, Person } from './directory.ts'
import { chosenValue, selectionKey, valueField } from './element-values.ts'
import type { Delivery, Envelopes } from './envelopes.ts'
import { emptyContent, type Message } from './messages.ts'
import { blockActionsPayload, eventPayload, type Place, slashPayload } from './payloads.ts'
import { opsChannelId } from './people.ts'
import { takeReply } from './replies.ts'
import { ApiRefusal } from './web-api/api-refusal.ts'
import { notify, type World } from './world.ts'

type ClickOptions = {
  /**
   * Tells elements with the same action_id apart. An edit gives a message new block ids, so one that is gone stands for the
   * only element with that action_id: whoever pressed it while the message was edited pressed it all the same.
   */
  readonly blockId?: string
  /** What to choose: the value of a menu's option, a list of them, the text of an input. */
  readonly choose?: unknown
  /** Whether to say yes in the native confirmation, if there is one; yes unless said otherwise. */
  readonly confirm?: boolean
  /** What the button carried when it was drawn, if the message was edited since; a forger makes it up. */
  readonly value?: string
  /** Sends the click although this person could not even see the message, as only a forger could. */
  readonly evenIfHidden?: boolean
}

/** What a person sees of their own action. */
type ActionResult = Delivery | { readonly outcome: 'declined' }

/** What people do outside modals. */
export type Actor = {
  click(userId: string, ts: string, actionId: string, options?: ClickOptions): Promise<ActionResult>
  clickInView(userId: string, viewId: string, actionId: string, options?: ClickOptions): Promise<ActionResult>
  slash(userId: string, command: string, text: string, channelId?: string): Promise<Delivery>
  openHome(userId: string): Promise<Delivery>
  say(userId: string, text: string, threadTs?: string, channelId?: string): Message
  /** Deletes a message, one's own or, as an admin may, the bot's. */
  deleteMessage(userId: string, ts: string): void
}

export type ActorSettings = {
  /** The commands that the app's manifest declares. */
  readonly commands: readonly string[]
  /** How Slack hands over an email address in a command: plain, or as `<mailto:…|…>`. */
  readonly emailsAs: 'text' | 'mailto'
}

export function createActor(world: World, envelopes: Envelopes, settings: ActorSettings): Actor {
  async function act(
    person: Person,
    place: Place,
    found: ElementPlace,
    options: ClickOptions,
  ): Promise<ActionResult> {
    if (found.element['confirm'] !== undefined && options.confirm === false) return { outcome: 'declined' }
    const chosen = chosenFor(world, person, place, found, options)
    const element = options.value === undefined ? found.element : { ...found.element, value: options.value }
    const payload = blockActionsPayload(world, person, place, { ...found, element }, chosen)
    const delivery = await envelopes.deliver('interactive', payload, false)
    if (delivery.outcome !== 'acknowledged') {
      notify(world, person.id, 'view' in place ? place.view.id : place.message.ts, trouble(delivery))
    }
    return delivery
  }

  return {
    async click(userId, ts, actionId, options = {}) {
      const person = someone(world, userId)
      const message = world.messages.all().find((other) => other.ts === ts)
      if (message === undefined) throw new Error(`there is no message ${ts}`)
      const channel = world.directory.channel(message.channel)
      if (channel === undefined) throw new Error(`there is no channel ${message.channel}`)
      if (options.evenIfHidden !== true) mustSee(person, message, channel)
      return act(
        person,
        { message, channel },
        findElement(message.blocks, actionId, options, `message ${ts}`),
        options,
      )
    },
    async clickInView(userId, viewId, actionId, options = {}) {
      const person = someone(world, userId)
      const view = world.views.get(viewId)
      if (view === undefined || view.userId !== userId)
        throw new Error(`${userId} has no open view ${viewId}`)
      return act(person, { view }, findElement(view.blocks, actionId, options, `view ${viewId}`), options)
    },
    async slash(userId, command, text, channelId = opsChannelId) {
      const person = someone(world, userId)
      const channel = world.directory.channel(channelId)
      if (!settings.commands.includes(command)) {
        throw new Error(`the app has no command ${command}, only ${settings.commands.join(', ')}`)
      }
      if (channel === undefined || !channel.members.includes(userId))
        throw new Error(`${userId} is not in ${channelId}`)
      const payload = slashPayload(world, person, channel, command, handedOver(text, settings.emailsAs))
      const delivery = await envelopes.deliver('slash_commands', payload, true)
      if (delivery.outcome === 'acknowledged')
        replyToCommand(world, userId, channelId, command, delivery.payload)
      else {
        const error = delivery.outcome === 'timed-out' ? 'operation_timeout' : 'dispatch_failed'
        notify(world, userId, command, `${command} failed with the error "${error}"`)
      }
      return delivery
    },
    async openHome(userId) {
      const person = someone(world, userId)
      const event = {
        type: 'app_home_opened',
        user: person.id,
        channel: `D${person.id.slice(1)}`,
        tab: 'home',
        event_ts: world.ids.ts(),
      }
      return envelopes.deliverEvent(eventPayload(world, event))
    },
    say(userId, text, threadTs, channelId = opsChannelId) {
      const channel = world.directory.channel(channelId)
      if (channel === undefined || !channel.members.includes(userId))
        throw new Error(`${userId} is not in ${channelId}`)
      const draft = { channel: channelId, author: userId, byApp: false, ephemeralFor: undefined, threadTs }
      return world.messages.post({ ...emptyContent(text), ...draft })
    },
    deleteMessage(userId, ts) {
      const person = someone(world, userId)
      const message = world.messages.all().find((other) => other.ts === ts)
      const channel = world.directory.channel(message?.channel ?? '')
      if (message === undefined || channel === undefined) throw new Error(`there is no message ${ts}`)
      mustSee(person, message, channel)
      world.messages.remove(message)
    },
  }
}

/** The Slack client's words for an action that the app did not answer. */
export function trouble(delivery: Delivery): string {
  return delivery.outcome === 'timed-out'
    ? 'Operation timed out. Apps need to respond within 3 seconds.'
    : 'This app is not responding. No connection to it stands.'
}

export function someone(world: World, userId: string): Person {
  const person = world.directory.person(userId)
  if (person === undefined) throw new Error(`there is no user ${userId} in the workspace`)
  return person
}

function mustSee(person: Person, message: Message, channel: Channel): void {
  const hidden = person.deleted
    ? 'is deactivated'
    : !channel.members.includes(person.id)
      ? `is not in #${channel.name}`
      : message.state !== 'live'
        ? 'sees that it was deleted'
        : message.ephemeralFor !== undefined && message.ephemeralFor !== person.id
          ? 'does not see this ephemeral message'
          : undefined
  if (hidden !== undefined)
    throw new Error(`${person.id} cannot act on message ${message.ts}: ${person.name} ${hidden}`)
}

function findElement(
  blocks: Message['blocks'],
  actionId: string,
  options: ClickOptions,
  where: string,
): ElementPlace {
  const all = elementsOf(blocks)
  const found = all.filter((place) => place.actionId === actionId)
  const inBlock = found.filter(({ blockId }) => blockId === options.blockId)
  const wanted = inBlock.length === 0 ? found : inBlock
  const [place] = wanted
  if (place === undefined) {
    const there = all.map((other) => other.actionId).join(', ') || 'none'
    throw new Error(`${where} has no element with action_id ${actionId}; there are: ${there}`)
  }
  if (wanted.length > 1)
    throw new Error(`${where} has ${wanted.length} elements with action_id ${actionId}: name the blockId`)
  return place
}

/** Keeps what a person chose, so that `state` has it, and gives its wire form. */
function chosenFor(
  world: World,
  person: Person,
  place: Place,
  found: ElementPlace,
  options: ClickOptions,
): unknown {
  const { element, blockId, actionId } = found
  const chosen = options.choose === undefined ? undefined : chosenValue(element, options.choose)
  if (chosen instanceof Error) throw chosen
  if (valueField(element.type) !== undefined) {
    const where = 'view' in place ? place.view.id : place.message.ts
    world.selections.set(selectionKey(person.id, where, blockId, actionId), chosen)
  }
  return chosen
}

function handedOver(text: string, emailsAs: ActorSettings['emailsAs']): string {
  if (emailsAs === 'text') return text
  return text.replace(/[^\s<>|]+@[^\s<>|]+\.[^\s<>|]+/g, (email) => `<mailto:${email}|${email}>`)
}

/** The acknowledgement of a command may carry the answer. */
function replyToCommand(
  world: World,
  userId: string,
  channel: string,
  command: string,
  payload: unknown,
): void {
  const reply = typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : {}
  if (reply['text'] === undefined && reply['blocks'] === undefined) return
  try {
    takeReply(world, { channel, userId, messageTs: undefined, threadTs: undefined }, reply)
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error
    notify(world, userId, command, `${command} failed with the error "${error.error}"`)
  }
}
