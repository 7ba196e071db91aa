import type { ElementPlace } from './block.ts'
import type { Channel, Person } from './directory.ts'
import { elementValues, valueField } from './element-values.ts'
import type { Message } from './messages.ts'
import type { View } from './views.ts'
import { wireMessage } from './web-api/message-content.ts'
import { wireView } from './web-api/view-content.ts'
import { app, type World } from './world.ts'

type Payload = Readonly<Record<string, unknown>>

/** Where somebody acts: on a message, in a modal, or in App Home. */
export type Place = { readonly message: Message; readonly channel: Channel } | { readonly view: View }

/** A click on a button, a choice in a menu. */
export function blockActionsPayload(
  world: World,
  person: Person,
  place: Place,
  found: ElementPlace,
  chosen: unknown,
): Payload {
  const { triggerId, where } =
    'view' in place ? inView(world, person, place.view) : inMessage(world, person, place)
  return {
    type: 'block_actions',
    user: interactiveUser(person),
    api_app_id: app.id,
    token: app.verificationToken,
    trigger_id: triggerId,
    team: team(person),
    enterprise: null,
    is_enterprise_install: false,
    ...where,
    actions: [action(world, found, chosen)],
  }
}

export function viewSubmissionPayload(world: World, person: Person, view: View): Payload {
  return {
    type: 'view_submission',
    team: team(person),
    user: interactiveUser(person),
    api_app_id: app.id,
    token: app.verificationToken,
    trigger_id: world.triggers.issue(person.id, view.id),
    view: wireView(world, view),
    response_urls: [],
    is_enterprise_install: false,
    enterprise: null,
  }
}

export function viewClosedPayload(world: World, person: Person, view: View, isCleared: boolean): Payload {
  return {
    type: 'view_closed',
    team: team(person),
    user: interactiveUser(person),
    api_app_id: app.id,
    token: app.verificationToken,
    view: wireView(world, view),
    is_cleared: isCleared,
    is_enterprise_install: false,
    enterprise: null,
  }
}

export function slashPayload(
  world: World,
  person: Person,
  channel: Channel,
  command: string,
  text: string,
): Payload {
  return {
    token: app.verificationToken,
    team_id: person.teamId,
    team_domain: team(person).domain,
    channel_id: channel.id,
    channel_name:
      channel.imWith === undefined ? (channel.isPrivate ? 'privategroup' : channel.name) : 'directmessage',
    user_id: person.id,
    user_name: person.name,
    command,
    text,
    api_app_id: app.id,
    is_enterprise_install: 'false',
    response_url: responseUrl(world, person, channel, undefined, undefined),
    trigger_id: world.triggers.issue(person.id),
  }
}

export function eventPayload(world: World, event: Payload): Payload {
  return {
    token: app.verificationToken,
    team_id: app.teamId,
    context_team_id: app.teamId,
    context_enterprise_id: null,
    api_app_id: app.id,
    event,
    type: 'event_callback',
    event_id: world.ids.next('Ev'),
    event_time: Math.floor(world.clock.now() / 1000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: app.teamId,
        user_id: app.botUserId,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
  }
}

function inMessage(
  world: World,
  person: Person,
  place: { readonly message: Message; readonly channel: Channel },
) {
  const { message, channel } = place
  const thread = message.threadTs === undefined ? {} : { thread_ts: message.threadTs }
  const replies = world.messages.thread(channel.id, message.ts).slice(1)
  return {
    triggerId: world.triggers.issue(person.id),
    where: {
      container: {
        type: 'message',
        message_ts: message.ts,
        channel_id: channel.id,
        is_ephemeral: message.ephemeralFor !== undefined,
        ...thread,
      },
      channel: { id: channel.id, name: channel.isPrivate ? 'privategroup' : channel.name },
      // Slack leaves the message out when it is an ephemeral.
      ...(message.ephemeralFor === undefined ? { message: wireMessage(message, replies) } : {}),
      state: { values: elementValues(world.selections, person.id, message.ts, message.blocks) },
      response_url: responseUrl(world, person, channel, message.ts, message.threadTs),
    },
  }
}

function inView(world: World, person: Person, view: View) {
  const wire = wireView(world, view)
  return {
    triggerId: world.triggers.issue(person.id, view.id),
    where: { container: { type: 'view', view_id: view.id }, view: wire, state: wire['state'] },
  }
}

function action(world: World, { element, blockId, actionId }: ElementPlace, chosen: unknown): Payload {
  const field = element.type === 'overflow' ? 'selected_option' : valueField(element.type)
  const { text, value, style, url } = element
  const ofButton = element.type === 'button' ? { text, value, style, url } : {}
  return {
    type: element.type,
    action_id: actionId,
    block_id: blockId,
    ...Object.fromEntries(Object.entries(ofButton).filter(([, entry]) => entry !== undefined)),
    ...(field === undefined ? {} : { [field]: chosen }),
    action_ts: world.ids.ts(),
  }
}

function interactiveUser(person: Person) {
  return { id: person.id, username: person.name, name: person.name, team_id: person.teamId }
}

/** `team` is where the app is installed, whoever clicks; the person's own team is in `user.team_id`. */
function team(_person: Person) {
  return { id: app.teamId, domain: app.teamDomain }
}

function responseUrl(
  world: World,
  person: Person,
  channel: Channel,
  messageTs: string | undefined,
  threadTs: string | undefined,
) {
  const secret = world.responseUrls.issue({ channel: channel.id, userId: person.id, messageTs, threadTs })
  return `${world.origin}/actions/${app.teamId}/${secret}`
}
