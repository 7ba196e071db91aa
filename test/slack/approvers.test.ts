import { describe, expect, it } from 'vitest'
import { people } from '../../dev/slack/people.ts'
import { startWorkspace, type Workspace } from '../../dev/slack/workspace.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { type Approvers, createApprovers } from '../../src/slack/approvers.ts'
import { openNetwork } from '../../src/slack/network.ts'
import { createWebClients } from '../../src/slack/web-clients.ts'

type Asking = AsyncDisposable & {
  readonly workspace: Workspace
  readonly approvers: Approvers
  readonly clock: { nowMs: number }
}

async function asking(listed: readonly string[] = ['S0APPROVERS'], enterpriseId?: string): Promise<Asking> {
  const workspace = await startWorkspace()
  const network = openNetwork({ proxyUrl: undefined, apiUrl: workspace.apiUrl })
  const time = { nowMs: 0 }
  const clock: Clock = { now: () => time.nowMs, after: () => () => {} }
  const { interactive } = createWebClients(workspace, network, silentLog)
  const home = { teamId: 'T0LOCAL0001', enterpriseId, botUserId: people.bot, botId: undefined }
  return {
    workspace,
    approvers: createApprovers({ channel: workspace.channelId, approvers: listed }, home, {
      client: interactive,
      clock,
      log: silentLog,
    }),
    clock: time,
    async [Symbol.asyncDispose]() {
      await network.close()
      await workspace.close()
    },
  }
}

describe('who somebody is', () => {
  it.each([
    [people.approver, { standing: 'member', isApprover: true, isReader: true }],
    [people.member, { standing: 'member', isApprover: false, isReader: true }],
    [people.outsider, { standing: 'member', isApprover: false, isReader: false }],
    [people.guest, { standing: 'guest', isApprover: false, isReader: false }],
    [people.singleChannelGuest, { standing: 'guest', isApprover: false, isReader: false }],
    [people.stranger, { standing: 'stranger', isApprover: false, isReader: false }],
    [people.robot, { standing: 'bot', isApprover: false, isReader: false }],
    [people.bot, { standing: 'bot', isApprover: false, isReader: false }],
    [people.deactivated, { standing: 'deactivated', isApprover: false, isReader: false }],
    ['U0NOBODY999', { standing: 'stranger', isApprover: false, isReader: false }],
  ])('%s', async (id, expected) => {
    await using ask = await asking()
    expect(await ask.approvers.who(id, 'T0LOCAL0001')).toMatchObject({ id, ...expected })
  })

  it('counts nothing for an approver who is a guest, even when listed by id', async () => {
    await using ask = await asking([people.guest, people.stranger, people.outsider])
    for (const id of [people.guest, people.stranger, people.outsider]) {
      expect((await ask.approvers.who(id, 'T0LOCAL0001')).isApprover).toBe(false)
    }
  })

  it('is a stranger when the click claims another team', async () => {
    await using ask = await asking()
    expect(await ask.approvers.who(people.approver, 'T0OTHER0001')).toMatchObject({
      standing: 'stranger',
      isApprover: false,
    })
  })

  it('is left to the directory on enterprise grid, where clicks may name the organisation', async () => {
    await using ask = await asking(['S0APPROVERS'], 'E0ORG')
    expect(await ask.approvers.who(people.approver, 'E0ORG')).toMatchObject({
      standing: 'member',
      isApprover: true,
    })
    expect(await ask.approvers.who(people.stranger, 'E0ORG')).toMatchObject({ standing: 'stranger' })
  })

  it.each(['users.info', 'usergroups.users.list', 'conversations.members', 'conversations.info'])(
    'is unknown, and so nobody, when %s fails; the failure is not remembered',
    async (method) => {
      await using ask = await asking()
      ask.workspace.faults.add({ kind: 'error', error: 'internal_error', method })
      expect(await ask.approvers.who(people.approver, 'T0LOCAL0001')).toMatchObject({
        standing: 'unknown',
        isApprover: false,
        isReader: false,
      })
      expect(await ask.approvers.who(people.approver, 'T0LOCAL0001')).toMatchObject({ isApprover: true })
    },
  )

  it('is known although one of the groups is not: nobody is in that one', async () => {
    await using ask = await asking(['S0UNKNOWN99', people.secondApprover])
    expect(await ask.approvers.who(people.approver, 'T0LOCAL0001')).toMatchObject({
      standing: 'member',
      isApprover: false,
    })
    expect(await ask.approvers.who(people.secondApprover, 'T0LOCAL0001')).toMatchObject({ isApprover: true })
  })

  it('is remembered for a minute at most', async () => {
    await using ask = await asking()
    const who = () => ask.approvers.who(people.approver, 'T0LOCAL0001')
    expect((await who()).isApprover).toBe(true)
    ask.workspace.directory.setGroup('S0APPROVERS', [])
    ask.workspace.directory.change(people.approver, { deleted: true })
    ask.clock.nowMs = 59_999
    expect((await who()).isApprover).toBe(true)
    expect(ask.workspace.callsOf('users.info')).toHaveLength(1)
    ask.clock.nowMs = 60_000
    expect(await who()).toMatchObject({ standing: 'deactivated', isApprover: false })
  })

  it('reads a channel of many pages to its end', async () => {
    await using ask = await asking()
    for (let n = 0; n < 2500; n += 1) ask.workspace.directory.join(ask.workspace.channelId, `U0MANY${n}`)
    ask.workspace.directory.leave(ask.workspace.channelId, people.approver)
    ask.workspace.directory.join(ask.workspace.channelId, people.approver)
    expect(await ask.approvers.who(people.approver, undefined)).toMatchObject({ isReader: true })
    expect(ask.workspace.callsOf('conversations.members').length).toBeGreaterThan(1)
  })
})

describe('whether anybody can approve', () => {
  it('is no with an empty list, which never means everybody', async () => {
    await using ask = await asking([])
    expect(await ask.approvers.approval()).toEqual({ kind: 'nobody', why: 'no-approvers' })
    expect((await ask.approvers.who(people.approver, 'T0LOCAL0001')).isApprover).toBe(false)
  })

  it('is no in a channel that is shared with another organisation', async () => {
    await using ask = await asking()
    ask.workspace.directory.changeChannel(ask.workspace.channelId, { isExtShared: true })
    expect(await ask.approvers.approval()).toEqual({ kind: 'nobody', why: 'shared-channel' })
    expect(await ask.approvers.who(people.approver, 'T0LOCAL0001')).toMatchObject({
      isApprover: false,
      isReader: true,
    })
  })

  it('is no when slack does not know the channel', async () => {
    await using ask = await asking()
    ask.workspace.faults.add({ kind: 'error', error: 'channel_not_found', method: 'conversations.info' })
    expect(await ask.approvers.approval()).toEqual({ kind: 'nobody', why: 'channel-unknown' })
  })

  it('is yes otherwise', async () => {
    await using ask = await asking()
    expect(await ask.approvers.approval()).toEqual({ kind: 'possible' })
  })
})
