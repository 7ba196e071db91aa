import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Person } from '../remediation/person.ts'
import { mayAct } from '../remediation/policy.ts'
import type { Answer } from './answer.ts'
import type { Approvers } from './approvers.ts'
import type { Actions, Click, ReadCommand } from './desk.ts'
import { shortAnswer } from './views/short-answer.ts'

export type ClickParts = {
  readonly actions: Actions
  readonly approvers: Approvers
  readonly clock: Clock
  readonly log: Log
}

/** Stored, acknowledged, acted upon: in this order, since Slack never sends a click twice. `ack` is called once, whatever happens. */
export async function takeClick(
  parts: ClickParts,
  click: Click,
  ack: () => Promise<void>,
  answer: Answer,
): Promise<void> {
  let first: 'new' | 'repeated'
  try {
    first = await parts.actions.recordClick(click)
  } catch (error) {
    parts.log.error({ error, key: click.key, command: click.command.kind }, 'a click could not be stored')
    await ack()
    await answer(
      shortAnswer(
        'Your click could not be stored, so nothing was done. Please try again, and look at the log of maillimit if this stays.',
      ),
    )
    return
  }
  await ack()
  if (first === 'repeated') {
    parts.log.info(
      { key: click.key, command: click.command.kind },
      'the same click came again and was left alone',
    )
    return
  }
  await settleClick(parts, click, answer)
}

/** Acts upon a stored click: who is it, may they, do it, tell them. Also for clicks that were stored when the bot died. */
export async function settleClick(parts: ClickParts, click: Click, answer: Answer): Promise<void> {
  try {
    const person = await parts.approvers.who(click.by, click.teamId)
    const why = refusal(person)
    if (why !== undefined) {
      await parts.actions.recordRefusal(
        { key: click.key, by: click.by, atMs: click.atMs, command: click.command },
        why.code,
      )
      await answer(shortAnswer(why.text))
      return
    }
    const reply = await parts.actions.act(click, person, (id) => parts.approvers.who(id, undefined))
    if (reply.kind === 'done') await answer(shortAnswer(reply.text))
    if (reply.kind === 'refused') await answer(shortAnswer(reply.text, reply.decidedBy))
  } catch (error) {
    parts.log.error({ error, key: click.key, command: click.command.kind }, 'a click could not be acted upon')
    await answer(
      shortAnswer(
        'Something went wrong in maillimit, so it is not certain that your click was acted upon. Look at the alert and at the log of maillimit.',
      ),
    )
  }
}

/** Lets a reader in; anybody else is told why not, and it is audited. Undefined: not let in. */
export async function letIn(
  parts: ClickParts,
  who: { readonly userId: string; readonly teamId: string | undefined; readonly command: ReadCommand },
  refuse: (text: string) => Promise<void>,
): Promise<Person | undefined> {
  const person = await parts.approvers.who(who.userId, who.teamId)
  const why = refusal(person)
  if (why === undefined) return person
  await parts.actions.recordRefusal(
    { by: who.userId, atMs: parts.clock.now(), command: who.command },
    why.code,
  )
  await refuse(why.text)
  return undefined
}

function refusal(person: Person): { readonly code: string; readonly text: string } | undefined {
  const verdict = mayAct(person, 'read')
  return verdict.kind === 'allowed' ? undefined : verdict
}
