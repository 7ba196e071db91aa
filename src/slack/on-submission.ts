import { clickOfSubmission } from './click-of.ts'
import { answerFor, type Incoming, type ListenerParts } from './listener-parts.ts'
import { modalMemory, type SubmissionPayload, submissionPayload } from './payloads.ts'
import { takeClick } from './settle-click.ts'
import {
  otherValueAction,
  otherValueBlock,
  otherValueCallback,
  valueBounds,
} from './views/other-value-modal.ts'

/** The form with another value. What it says is judged anew here: the alert may have moved on while it was open. */
export async function onSubmission(parts: ListenerParts, { body, ack }: Incoming): Promise<void> {
  const parsed = submissionPayload.safeParse(body)
  const memory = parsed.success ? readMemory(parsed.data) : undefined
  if (!parsed.success || memory === undefined || parsed.data.view.callback_id !== otherValueCallback) {
    parts.log.warn({ ok: parsed.success }, 'slack sent a form of an unknown shape')
    await ack()
    return
  }
  const wanted = await judgedValue(parts, parsed.data, memory.incidentId)
  if (wanted.kind === 'wrong') {
    await ack({ response_action: 'errors', errors: { [otherValueBlock]: wanted.text } })
    return
  }
  const click = clickOfSubmission(parsed.data, memory, wanted.value, parts.clock.now())
  const answer = answerFor(parts, { user: click.by, channel: click.channel, threadTs: click.threadTs })
  await takeClick({ ...parts, actions: parts.desk.actions }, click, () => ack(), answer)
}

function readMemory(payload: SubmissionPayload) {
  try {
    return modalMemory.safeParse(JSON.parse(payload.view.private_metadata)).data
  } catch {
    return undefined
  }
}

type Judged =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'wrong'; readonly text: string }

async function judgedValue(
  parts: ListenerParts,
  payload: SubmissionPayload,
  incidentId: string,
): Promise<Judged> {
  const typed = payload.view.state.values[otherValueBlock]?.[otherValueAction]?.value ?? ''
  if (!/^[0-9]{1,10}$/.test(typed)) return wrong('Say a whole number.')
  const value = Number(typed)
  try {
    const subject = await parts.desk.subjects.alert(incidentId)
    if (subject === undefined) return wrong('This alert is no longer stored, so there is nothing to plan.')
    const { min, max, current } = valueBounds(subject)
    if (value < min)
      return wrong(
        `The limit is ${current ?? 'unknown'} now: say at least ${min}. A limit is lowered by rolling back.`,
      )
    if (value > max)
      return wrong(`Say at most ${max}: more may not be proposed (LIMIT_MAX, or the host's own cap).`)
    return { kind: 'value', value }
  } catch (error) {
    parts.log.error({ error, incidentId }, 'an alert could not be read for a form')
    return wrong('maillimit could not read this alert; try again in a moment.')
  }
}

function wrong(text: string): Judged {
  return { kind: 'wrong', text }
}
