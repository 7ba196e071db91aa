import { commandHints } from './command-hints.ts'
import type { Message } from './messages.ts'
import { opsChannelId } from './people.ts'
import { renderedMentions } from './mentions.ts'
import type { PanelButton, Workspace } from './workspace.ts'
import type { World } from './world.ts'

/** `GET /control/NAME`: what the page, or a test in another process, sees. Undefined for an unknown name. */
export function controlView(
  name: string,
  url: URL,
  workspace: Workspace,
  world: World,
  panel: readonly PanelButton[],
): unknown {
  const user = url.searchParams.get('user') ?? ''
  const channelId = url.searchParams.get('channel') ?? opsChannelId
  switch (name) {
    case 'state':
      return stateFor(user, channelId, workspace, world, panel)
    case 'messages':
      return workspace.messages(channelId).map((message) => seen(message, workspace))
    case 'replies':
      return workspace.replies(url.searchParams.get('ts') ?? '').map((message) => seen(message, workspace))
    case 'ephemerals':
      return workspace.ephemerals(user)
    case 'modal':
      return workspace.modal(user) ?? {}
    case 'home-view':
      return workspace.home(user) ?? {}
    case 'notices':
      return workspace.notices(user)
    case 'calls':
      return workspace.calls.slice(-Number(url.searchParams.get('last') ?? 200))
    case 'envelopes':
      return workspace.envelopes.all().slice(-200)
    case 'mentions': {
      const message = workspace.message(url.searchParams.get('ts') ?? '')
      return message === undefined ? {} : renderedMentions(message, world.directory)
    }
    default:
      return undefined
  }
}

function stateFor(
  user: string,
  channelId: string,
  workspace: Workspace,
  world: World,
  panel: readonly PanelButton[],
): unknown {
  const channel = world.directory.channel(channelId)
  const isMember = channel?.members.includes(user) ?? false
  const forMe = world.messages
    .all()
    .filter((message) => message.channel === channelId && message.ephemeralFor === user)
  return {
    channel,
    isMember,
    people: world.directory.people(),
    groups: world.directory.groups(),
    connections: workspace.sockets.open,
    messages: isMember
      ? workspace
          .messages(channelId)
          .slice(-200)
          .map((message) => seen(message, workspace))
      : [],
    ephemerals: isMember ? forMe.filter((message) => message.state === 'live') : [],
    modals: world.views.stack(user),
    home: workspace.home(user),
    notices: workspace.notices(user),
    hints: commandHints,
    panel: panel.map(({ id, label, description }) => ({ id, label, description })),
  }
}

function seen(message: Message, workspace: Workspace): unknown {
  return { ...message, revisions: message.revisions.length, replies: workspace.replies(message.ts) }
}
