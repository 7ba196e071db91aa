import type { Answer } from './answer.ts'
import { clickOfCommand } from './click-of.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { answerFor, type Incoming, type ListenerParts } from './listener-parts.ts'
import { type CommandPayload, commandPayload } from './payloads.ts'
import { letIn, takeClick } from './settle-click.ts'
import { helpPage } from './views/help.ts'
import { historyPage } from './views/history.ts'
import { hostsPage } from './views/hosts.ts'
import type { Page } from './views/piece.ts'
import { shortAnswer } from './views/short-answer.ts'
import { statusPage } from './views/status.ts'

/** `/maillimit …`: what changes something is stored like a click; what only reads is answered to the asker alone. */
export async function onCommand(parts: ListenerParts, { body, ack }: Incoming): Promise<void> {
  const parsed = commandPayload.safeParse(body)
  if (!parsed.success) {
    parts.log.warn({ problem: parsed.error.issues.slice(0, 3) }, 'slack sent a command of an unknown shape')
    await ack()
    return
  }
  const payload = parsed.data
  const answer = answerFor(parts, {
    user: payload.user_id,
    channel: payload.channel_id,
    responseUrl: payload.response_url,
  })
  const line = parseCommandLine(payload.text ?? '')
  if (line.kind === 'raise' || line.kind === 'rollback') {
    const click = clickOfCommand(payload, line, parts.clock.now())
    await takeClick({ ...parts, actions: parts.desk.actions }, click, () => ack(), answer)
    return
  }
  await ack()
  if (line.kind === 'help') return answer(helpPage())
  if (line.kind === 'wrong') return answer(helpPage(line.text))
  await read(parts, payload, line, answer)
}

type Reading = Extract<CommandLine, { kind: 'status' | 'hosts' | 'history' }>

async function read(
  parts: ListenerParts,
  payload: CommandPayload,
  line: Reading,
  answer: Answer,
): Promise<void> {
  try {
    const who = { userId: payload.user_id, teamId: payload.team_id, command: { kind: line.kind } }
    const person = await letIn({ ...parts, actions: parts.desk.actions }, who, (text) =>
      answer(shortAnswer(text)),
    )
    if (person !== undefined) await answer(await pageFor(parts, line))
  } catch (error) {
    parts.log.error({ error, command: line.kind }, 'a command could not be answered')
    await answer(shortAnswer('Something went wrong in maillimit; its log says what. Nothing was changed.'))
  }
}

async function pageFor({ desk: { subjects } }: ListenerParts, line: Reading): Promise<Page> {
  switch (line.kind) {
    case 'status':
      return statusPage(await subjects.userStatus(line.user))
    case 'hosts':
      return hostsPage(await subjects.hosts())
    case 'history':
      return historyPage(await subjects.history(line.user), line.user)
  }
}
