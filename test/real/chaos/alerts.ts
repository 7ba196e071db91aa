import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import type { Workspace } from '../../../dev/slack/workspace.ts'

export type Alerts = {
  readonly alerts: number
  readonly edits: number
  /** What is not as it should be, in words. */
  readonly faults: readonly string[]
}

/** Waits until the bot has said everything, then holds the channel against the store: one message for each that the bot knows of, and no other. */
export async function judgeAlerts(storePath: string, slack: Workspace, timeoutMs: number): Promise<Alerts> {
  using store = new DatabaseSync(storePath, { readOnly: true, timeout: 5_000 })
  const numberOf = (query: string) => Number(Object.values(store.prepare(query).get() ?? {})[0] ?? 0)
  const unsent = () => numberOf("SELECT count(*) FROM outbox WHERE state <> 'sent'")
  const deadline = performance.now() + timeoutMs
  while (unsent() > 0 && performance.now() < deadline) await wait(250)

  const faults: string[] = []
  if (unsent() > 0) faults.push(`${unsent()} messages were not sent`)
  const posted = slack.messages().filter((message) => message.byApp)
  const ids = store
    .prepare('SELECT message_id FROM outbox WHERE thread_of IS NULL AND message_id IS NOT NULL')
    .all()
  const known = new Set(ids.map((row) => String(row['message_id'])))
  for (const message of posted.filter(({ ts }) => !known.has(ts)))
    faults.push(`posted twice: ${message.text}`)
  for (const id of known) if (slack.message(id) === undefined) faults.push(`not in the channel: ${id}`)
  if (known.size !== ids.length) faults.push('two messages of the store are one in the channel')
  const miscounted = numberOf(
    'SELECT count(*) FROM incidents WHERE hits <> (SELECT count(*) FROM hits WHERE incident_id = incidents.id)',
  )
  if (miscounted > 0) faults.push(`${miscounted} incidents do not count the hits that they have`)
  const alerts = numberOf("SELECT count(*) FROM outbox WHERE kind = 'alert'")
  if (alerts === 0) faults.push('there was no alert')
  return { alerts, edits: slack.callsOf('chat.update').length, faults }
}
