import { clickOfButton, commandOfButton } from './click-of.ts'
import type { Answer } from './answer.ts'
import { answerFor, type Incoming, type ListenerParts } from './listener-parts.ts'
import { type ButtonPayload, buttonPayload, type ModalMemory } from './payloads.ts'
import { letIn, takeClick } from './settle-click.ts'
import { slackFault } from './slack-fault.ts'
import { otherValueModal, valueBounds } from './views/other-value-modal.ts'
import { shortAnswer } from './views/short-answer.ts'
import { limitText } from './views/wording.ts'

export async function onButton(parts: ListenerParts, { body, ack }: Incoming): Promise<void> {
  const parsed = buttonPayload.safeParse(body)
  if (!parsed.success) {
    parts.log.warn({ problem: parsed.error.issues.slice(0, 3) }, 'slack sent a click of an unknown shape')
    await ack()
    return
  }
  const payload = parsed.data
  const [action] = payload.actions
  const answer = answerFor(parts, {
    user: payload.user.id,
    channel: payload.channel?.id,
    threadTs: payload.container?.thread_ts,
    responseUrl: payload.response_url,
  })
  if (action?.action_id === 'other-value') {
    await ack()
    await openModal(parts, payload, action.value, answer)
    return
  }
  const command = action === undefined ? undefined : commandOfButton(action.action_id, action.value)
  if (command === undefined) {
    parts.log.warn({ action: action?.action_id }, 'slack sent a click on an unknown button')
    await ack()
    await answer(
      shortAnswer(
        'This button is not known to maillimit any more. Nothing was done; look at the newest alert.',
      ),
    )
    return
  }
  const click = clickOfButton(payload, command, parts.clock.now())
  await takeClick({ ...parts, actions: parts.desk.actions }, click, () => ack(), answer)
}

/** The trigger lives 3 s: who it is and what the alert is about are asked together. */
async function openModal(
  parts: ListenerParts,
  payload: ButtonPayload,
  incidentId: string | undefined,
  answer: Answer,
): Promise<void> {
  const who = {
    userId: payload.user.id,
    teamId: payload.user.team_id,
    command: { kind: 'open-modal' } as const,
  }
  const say = (text: string) => answer(shortAnswer(text))
  try {
    const [person, subject] = await Promise.all([
      letIn({ ...parts, actions: parts.desk.actions }, who, say),
      parts.desk.subjects.alert(incidentId ?? ''),
    ])
    if (person === undefined) return
    if (subject === undefined || payload.trigger_id === undefined) {
      await say('This alert is no longer stored, so there is nothing to plan.')
      return
    }
    if (subject.incident.state === 'resolved') {
      await say(
        'This incident is resolved. To raise a limit without one: /maillimit raise HOST SERVICE VALUE',
      )
      return
    }
    const { min, max, current } = valueBounds(subject)
    if (min > max) {
      await say(
        `There is no higher value to plan: the limit is ${limitText(current)}, and ${max} is the most that may be proposed (LIMIT_MAX, or the host's own cap).`,
      )
      return
    }
    const memory: ModalMemory = {
      incidentId: subject.incident.id,
      channel: payload.channel?.id ?? parts.channel,
      threadTs: payload.container?.thread_ts,
    }
    await parts.client.views.open({
      trigger_id: payload.trigger_id,
      view: otherValueModal(subject, JSON.stringify(memory)),
    })
  } catch (error) {
    parts.log.warn({ fault: slackFault(error) }, 'a modal could not be opened')
    await say('The form could not be opened in time. Please click again.')
  }
}
