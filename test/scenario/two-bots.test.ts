import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type BotProcess, startBot } from '../../dev/bot-process.ts'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import { people } from '../../dev/slack/people.ts'
import type { Message } from '../../dev/slack/messages.ts'
import { startWorkspace, type Workspace } from '../../dev/slack/workspace.ts'
import { buttonsOf } from './blocks-of.ts'
import { openStage, type Stage, textOf } from './stage.ts'
import { PATIENT_SLACK } from '../lib/patient-slack.ts'
import { helperLog } from '../real/host-state.ts'

const USER = 'hanako@example.com'
const CONF = '/etc/dovecot/conf.d/20-imap.conf'
const IN_FORCE = ['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections']

/** One bot of the two, with its own workspace and its own state; they know nothing of each other. */
type Side = {
  readonly slack: Workspace
  readonly alert: Message
  readonly value: number
  readonly plan: string
}

describe.skipIf(noMailHosts()).each(['bookworm', 'trixie'] as const)(
  'two bots for one host, on %s',
  (release) => {
    let open: AsyncDisposableStack
    afterEach(() => open.disposeAsync())

    it('approved at once: one change, one backup; the other is told what changed and offered a new plan', async () => {
      open = new AsyncDisposableStack()
      const stage = open.use(await openStage(release))
      const other = await secondBot(stage)
      open.use(await stage.host.holdImapSessions({ user: USER, count: 11 }))
      const [first, second] = await Promise.all([
        withPlan(stage.slack),
        withPlan(other).then((side) => withOtherValue(side, 40)),
      ])
      expect(first.value).toBeLessThan(second.value)

      await Promise.all(
        [first, second].map(({ slack, alert }) => slack.click(people.approver, alert.ts, 'approve')),
      )
      const sides = await Promise.all([first, second].map(withOutcome))
      const winner = sides.find(({ outcome }) => outcome.includes('Done, being watched'))
      const loser = sides.find(({ outcome }) => outcome.includes('Refused by the host, nothing was changed'))
      expect([winner, loser], sides.map(({ outcome }) => outcome).join('\n')).not.toContain(undefined)
      if (winner === undefined || loser === undefined) return

      expect(await stage.host.run(IN_FORCE)).toBe(`${winner.value}\n`)
      expect((await stage.host.run(['sh', '-c', `ls ${CONF}.2*`])).trim().split('\n')).toHaveLength(1)
      const changes = (await helperLog(stage.host)).filter((line) => line.includes(' raise imap from '))
      expect(changes).toHaveLength(1)

      const told = await loser.slack.untilEphemeral(people.approver, 'what changed', (message) =>
        /has changed since you saw the plan/.test(textOf(message)),
      )
      if (winner.value > loser.value) {
        // Nothing is left to raise to that value: the alert shows what is in force now.
        expect(loser.outcome).toContain(`The limit of imap is ${winner.value} already`)
        expect(textOf(told)).toContain(`There is no new plan: ${CONF}:`)
        await loser.slack.until('the limit of now on the alert', () =>
          textOf(loser.slack.message(loser.alert.ts) ?? loser.alert).includes(
            `${winner.value} is in force now`,
          )
            ? true
            : undefined,
        )
      } else {
        expect(loser.outcome).toContain('The configuration is no longer what the plan was made from')
        expect(textOf(told)).toContain(`the limit in force is ${winner.value} now, it was 10`)
        const renewed = await withPlan(loser.slack, { otherThan: loser.plan })
        expect(renewed.value).toBe(loser.value)
        expect(textOf(renewed.alert)).toMatch(
          new RegExp(`-\\s+\\d+\\s+mail_max_userip_connections = ${winner.value}\n`),
        )
      }
    })
  },
)

async function secondBot(stage: Stage): Promise<Workspace> {
  await using parts = new AsyncDisposableStack()
  const slack = parts.use(await startWorkspace(PATIENT_SLACK))
  const folder = await mkdtemp(join(tmpdir(), 'maillimit-second-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const environment = { ...stage.environment, ...slack.environment, STATE_DB: join(folder, 'maillimit.db') }
  const bot: BotProcess = parts.use(startBot(environment, folder))
  await bot.ready
  await bot.untilLogged('following the log')
  const stack = parts.move()
  return Object.assign(slack, { [Symbol.asyncDispose]: () => stack.disposeAsync() })
}

/** Waits for the alert with a plan; the alert is edited a moment after whoever clicked was told. */
async function withPlan(slack: Workspace, { above = 0, otherThan = '' } = {}): Promise<Side> {
  return slack.until('a plan on the alert', () => {
    const alert = slack
      .messages()
      .find((message) => message.threadTs === undefined && textOf(message).includes(USER))
    const raise = alert && buttonsOf(alert).find((button) => button.action === 'approve')
    const value = Number(raise?.label.replace(/\D/g, ''))
    return alert !== undefined && value > above && raise?.value !== otherThan
      ? { slack, alert, value, plan: raise?.value ?? '' }
      : undefined
  })
}

async function withOtherValue({ slack, alert, value }: Side, wanted: number): Promise<Side> {
  await slack.click(people.approver, alert.ts, 'other-value')
  const form = await slack.untilModal(people.approver, 'the form', () => true)
  expect(await slack.submit(people.approver, form.id, { value: String(wanted) })).toMatchObject({
    outcome: 'closed',
  })
  return withPlan(slack, { above: value })
}

async function withOutcome(side: Side): Promise<Side & { readonly outcome: string }> {
  const outcome = await side.slack.until('the outcome in the thread', () =>
    side.slack
      .replies(side.alert.ts)
      .map(textOf)
      .find((words) => /^(🟢 Done, being watched|🟠 Refused by the host)/.test(words)),
  )
  return { ...side, outcome }
}
