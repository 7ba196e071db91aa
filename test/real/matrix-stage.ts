import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { people } from '../../dev/slack/people.ts'
import type { Message } from '../../dev/slack/messages.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { buttonsOf } from '../scenario/blocks-of.ts'
import { openStage, type Stage, textOf } from '../scenario/stage.ts'
import { armFaultPoints } from './fault-points.ts'
import { NO_RATES } from './helper-client.ts'
import { seenFromOutside } from './host-state.ts'
import { MATRIX_PROGRAMS } from './matrix-points.ts'
import { until } from './until.ts'

/** A plan that stands in the channel with its button. */
export type Proposal = { readonly id: string; readonly ts: string }

/** What the bot believes about a change. */
export type Belief = {
  readonly state: string
  readonly end: string
  /** `check ok`, `backup ok` …, as the thread shows them. */
  readonly steps: readonly string[]
  /** The message in the thread that says how it ended. */
  readonly told: string
}

/** The bot, its workspace and one mail host on a disk that loses power; the host's programs can be stopped at a point. */
export async function openMatrixStage(release: Release): Promise<Stage> {
  return openStage(release, {
    disk: 'xfs',
    prepare: async (host) => {
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      await armFaultPoints(host, MATRIX_PROGRAMS)
    },
  })
}

/** A host that is back is reached after 60 s at the latest, the bot's longest pause between two tries; the rest is for a busy machine. */
const REACHED_WITHIN_MS = 120_000

/** Asks for a plan as people do, again while the bot says that it cannot reach the host yet. */
export async function propose(stage: Stage, words: string): Promise<Proposal> {
  const { slack } = stage
  const known = new Set(slack.messages().map(({ ts }) => ts))
  const answered = slack.ephemerals(people.approver).length
  const deadline = performance.now() + REACHED_WITHIN_MS
  for (let asked = answered; ; ) {
    const { outcome } = await slack.slash(people.approver, '/maillimit', words)
    const answer = slack.until(
      `an answer to ${words}, which was ${outcome}`,
      () => {
        const proposed = slack
          .messages()
          .map((message) => ({ message, button: approveButton(message) }))
          .find(({ message, button }) => !known.has(message.ts) && button !== undefined)
        if (proposed?.button !== undefined)
          return { kind: 'plan', id: proposed.button.value, ts: proposed.message.ts } as const
        // Slack told the person itself that nobody took it.
        if (outcome !== 'acknowledged') return { kind: 'not-now', why: outcome } as const
        const said = slack.ephemerals(people.approver).slice(asked).map(textOf)
        const why = said.find((text) => !text.includes('The plan stands'))
        return why === undefined ? undefined : ({ kind: 'not-now', why } as const)
      },
      REACHED_WITHIN_MS,
    )
    const found = await Promise.race([answer, stage.bot.failed])
    if (found.kind === 'plan') return found
    if (performance.now() > deadline) throw new Error(`${words}: ${found.why}`)
    asked = slack.ephemerals(people.approver).length
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

export async function approve(stage: Stage, { ts }: Proposal): Promise<void> {
  await stage.slack.click(people.approver, ts, 'approve')
}

/** Waits until the thread says how the change ended. */
export async function belief(stage: Stage, proposal: Proposal): Promise<Belief> {
  const told = await stage.slack.until(
    'the outcome in the thread',
    () => stage.slack.replies(proposal.ts).map(textOf).find(isOutcome),
    REACHED_WITHIN_MS,
  )
  const db = new DatabaseSync(stage.environment['STATE_DB'] ?? '', { readOnly: true })
  try {
    const row = db.prepare('SELECT state, detail FROM remediations WHERE id = ?').get(proposal.id)
    const { end } = JSON.parse(String(row?.['detail'])) as { end?: { kind: string; code?: string } }
    const records = db
      .prepare('SELECT record FROM records WHERE remediation_id = ? ORDER BY number')
      .all(proposal.id)
      .map(({ record }) => JSON.parse(String(record)) as { kind: string; name?: string; state?: string })
    return {
      state: String(row?.['state']),
      end: [end?.kind, end?.code].filter((word) => word !== undefined).join(' '),
      steps: records.filter(({ kind }) => kind === 'step').map(({ name, state }) => `${name} ${state}`),
      told,
    }
  } finally {
    db.close()
  }
}

/** A change that nothing disturbs. */
export async function change(stage: Stage, words: string): Promise<string> {
  const proposal = await propose(stage, words)
  await approve(stage, proposal)
  const { end } = await belief(stage, proposal)
  if (end !== 'applied' && end !== 'rolled-back') throw new Error(`${words} ended ${end}`)
  return proposal.id
}

/** What the host has on record: its last line, and the steps. */
export async function recordOf(
  { host }: Stage,
  id: string,
): Promise<{ readonly end: string; readonly steps: readonly string[] }> {
  const transcript = await until(
    async () => readFile(seenFromOutside(host, `/var/lib/maillimit/records/${id}/transcript`), 'utf8'),
    (text) => /^end\t.*\n$/m.test(text),
  )
  const records = transcript.split('\n').map((line) => line.split('\t'))
  return {
    end: records
      .findLast(([name]) => name === 'end')
      ?.slice(1)
      .join(' ') as string,
    steps: records.filter(([name]) => name === 'step').map(([, name, state]) => `${name} ${state}`),
  }
}

function approveButton(message: Message): { readonly value: string } | undefined {
  return buttonsOf(message).find(({ action }) => action === 'approve')
}

function isOutcome(text: string): boolean {
  return /(Done, being watched|Done|Refused by the host, nothing was changed|Failed and put back, the old limit is in force|Needs an operator): /.test(
    text,
  )
}
