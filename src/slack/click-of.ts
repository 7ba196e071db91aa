import type { Click, ClickCommand } from './desk.ts'
import type { ButtonPayload, CommandPayload, ModalMemory, SubmissionPayload } from './payloads.ts'

/** How long Snooze lasts. */
const snoozeForMs = 60 * 60_000

/** Keys name one act of one person for ever: made of what Slack made once, never of when or how often it arrived. */
export function clickOfButton(payload: ButtonPayload, command: ClickCommand, atMs: number): Click {
  const [action] = payload.actions
  const once = payload.trigger_id ?? `${payload.container?.message_ts ?? ''}:${action?.action_ts ?? ''}`
  return {
    key: `button:${payload.user.id}:${action?.action_id ?? ''}:${once}`,
    by: payload.user.id,
    teamId: payload.user.team_id ?? '',
    atMs,
    command,
    channel: payload.channel?.id ?? '',
    threadTs: payload.container?.thread_ts,
  }
}

export function clickOfCommand(payload: CommandPayload, command: ClickCommand, atMs: number): Click {
  return {
    key: `command:${payload.user_id}:${payload.trigger_id}`,
    by: payload.user_id,
    teamId: payload.team_id ?? '',
    atMs,
    command,
    channel: payload.channel_id,
    threadTs: undefined,
  }
}

/** A modal can be submitted once: its view id is the key. */
export function clickOfSubmission(
  payload: SubmissionPayload,
  memory: ModalMemory,
  value: number,
  atMs: number,
): Click {
  return {
    key: `modal:${payload.user.id}:${payload.view.id}`,
    by: payload.user.id,
    teamId: payload.user.team_id ?? '',
    atMs,
    command: { kind: 'plan-other-value', incidentId: memory.incidentId, value },
    channel: memory.channel,
    threadTs: memory.threadTs,
  }
}

/** What a button means; undefined for one that maillimit does not know (an old message, a forged click). */
export function commandOfButton(actionId: string, value: string | undefined): ClickCommand | undefined {
  if (value === undefined || !/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(value)) return undefined
  switch (actionId) {
    case 'approve':
      return { kind: 'approve', remediationId: value }
    case 'reject':
      return { kind: 'reject', remediationId: value }
    case 'rollback':
      return { kind: 'rollback', remediationId: value }
    case 'look-again':
      return { kind: 'look-again', incidentId: value }
    case 'snooze':
      return { kind: 'snooze', incidentId: value, forMs: snoozeForMs }
    case 'dismiss':
      return { kind: 'dismiss', incidentId: value }
    default:
      return undefined
  }
}
