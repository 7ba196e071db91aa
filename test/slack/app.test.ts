import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isOpsError } from '../../src/lib/errors.ts'
import { scrub } from '../../src/slack/bolt-log.ts'
import { runningApp, settingsOf } from './running-app.ts'
import { anAlert } from './subjects.ts'

describe('the slack app', () => {
  it('starts with two sockets', async () => {
    await using slack = await runningApp()
    await expect
      .poll(() => slack.app.health())
      .toMatchObject({ connected: true, connections: 2, fault: undefined })
    await slack.app.stop()
    expect(slack.app.health()).toMatchObject({ connected: false, connections: 0 })
  })

  it('leaves nothing behind when it stops: the process ends by itself', async () => {
    await using slack = await runningApp({ start: false })
    const program = spawn(
      process.execPath,
      [join(import.meta.dirname, 'start-and-stop.ts'), JSON.stringify(settingsOf(slack.workspace))],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const exited = once(program, 'exit')
    const [said] = (await once(program.stdout, 'data')) as [Buffer]
    const stoppedAtMs = Date.now()
    expect(said.toString()).toBe('stopped')
    expect(await exited).toEqual([0, null])
    // Bolt alone would hold the process for 30 s.
    expect(Date.now() - stoppedAtMs).toBeLessThan(20_000)
  })

  it('posts an alert that slack accepts in its richest form', async () => {
    await using slack = await runningApp()
    slack.desk.alerts.set('inc1', anAlert())
    const ts = await slack.post(slack.intent('alert', 'inc1'))
    expect(slack.workspace.message(ts)?.blocks.map(({ type }) => type)).toContain('table')
    expect(slack.lines.filter(({ level }) => level === 'warn')).toEqual([])
  })

  it.each(['botToken', 'appToken'] as const)('names the token that slack refuses: %s', async (token) => {
    await using slack = await runningApp({
      start: false,
      settings: { [token]: token === 'botToken' ? 'xoxb-wrong' : 'xapp-wrong' },
    })
    const error = await slack.app.start().catch((fault: unknown) => fault)
    expect(isOpsError(error, 'slack-token-invalid')).toBe(true)
    expect(error).toMatchObject({ retryable: false, hint: expect.stringContaining('SLACK_') })
    expect(JSON.stringify([error, slack.lines])).not.toContain('wrong')
  })
})

describe('the start', () => {
  it('gives up after a while when slack never greets, and says what to check', async () => {
    await using slack = await runningApp({ start: false, tools: { startWithinMs: 400 } })
    slack.workspace.sockets.failNext('no-hello', 'no-hello', 'no-hello')
    const error = await slack.app.start().catch((fault: unknown) => fault)
    expect(isOpsError(error, 'slack-no-hello')).toBe(true)
    expect(error).toMatchObject({ retryable: true, hint: expect.stringContaining('HTTPS_PROXY') })
    expect(slack.app.health().connected).toBe(false)
  })

  it('may be tried again after it failed', async () => {
    await using slack = await runningApp({ start: false, tools: { startWithinMs: 3000 } })
    slack.workspace.sockets.failNext('no-hello', 'no-hello')
    await expect(slack.app.start()).rejects.toThrow('No Socket Mode connection')
    await slack.app.start()
    expect(slack.app.health().connected).toBe(true)
  })

  it('is retryable when slack cannot be reached', async () => {
    await using slack = await runningApp({ start: false, settings: { apiUrl: 'http://127.0.0.1:9/api/' } })
    const error = await slack.app.start().catch((fault: unknown) => fault)
    expect(isOpsError(error, 'slack-unreachable')).toBe(true)
    expect(error).toMatchObject({ retryable: true })
  })

  it('goes on with one socket when the second is refused', async () => {
    await using slack = await runningApp({ start: false })
    slack.workspace.sockets.failNext('refuse')
    await slack.app.start()
    await slack.workspace.untilConnected(2)
    await expect.poll(() => slack.app.health().connections).toBe(2)
    expect(slack.app.health().fault).toBeUndefined()
  })

  it.each([
    [{ settings: { approvers: [] } }, 'no-approvers', 'SLACK_APPROVERS'],
    [{ settings: { channel: 'C0UNKNOWN99' } }, 'channel-unknown', 'SLACK_CHANNEL'],
  ])('warns when nobody can approve: %j', async (overrides, why, hint) => {
    await using slack = await runningApp(overrides)
    expect(await slack.app.approval()).toEqual({ kind: 'nobody', why })
    expect(slack.lines).toContainEqual({
      level: 'warn',
      message: 'nobody can approve a change',
      fields: { why, hint: expect.stringContaining(hint) },
    })
  })

  it('warns of scopes that the app lacks', async () => {
    await using slack = await runningApp({ workspace: { scopes: ['chat:write', 'commands'] } })
    expect(slack.lines).toContainEqual({
      level: 'warn',
      message: 'the slack app lacks scopes',
      fields: expect.objectContaining({
        missing: ['usergroups:read', 'users:read', 'channels:read', 'groups:read'],
      }),
    })
  })

  it('need not come for it to be known that no approvers are set', async () => {
    await using slack = await runningApp({ start: false, settings: { approvers: [] } })
    expect(await slack.app.approval()).toEqual({ kind: 'nobody', why: 'no-approvers' })
  })

  it('lets nobody approve before it', async () => {
    await using slack = await runningApp({ start: false })
    expect(await slack.app.approval()).toMatchObject({ kind: 'nobody' })
  })
})

describe('the stop', () => {
  it('ends in time although a handler hangs, and says so', async () => {
    const slack = await runningApp({ tools: { stopGraceMs: 100 } })
    slack.desk.gate = new Promise(() => {})
    await slack.workspace.slash(slack.workspace.people.approver, '/maillimit', 'raise mx1 imap 20')
    const startedAtMs = Date.now()
    await slack[Symbol.asyncDispose]()
    expect(Date.now() - startedAtMs).toBeLessThan(9000)
    expect(slack.lines.some(({ message }) => message.includes('still being handled'))).toBe(true)
  })

  it('ends in time although slack never says goodbye', async () => {
    const slack = await runningApp({ workspace: { lingerMs: 60_000 } })
    await slack.workspace.untilConnected(2)
    const startedAtMs = Date.now()
    await slack.app.stop()
    await slack.app.close()
    expect(Date.now() - startedAtMs).toBeLessThan(20_000)
    await slack.workspace.close()
  })

  it('lets the outbox finish: what is posted after it is no message of unknown end', async () => {
    await using slack = await runningApp()
    slack.desk.alerts.set('inc1', anAlert())
    await slack.app.stop()
    const intent = slack.intent('alert', 'inc1')
    expect(await slack.app.messenger.post(intent, 'd1', undefined)).toMatchObject({ kind: 'sent' })
  })

  it('is harmless before a start and twice', async () => {
    const slack = await runningApp({ start: false })
    await slack.app.stop()
    await slack.app.close()
    await slack.app.stop()
    await slack.app.close()
    expect(slack.app.health()).toMatchObject({ connected: false, connections: 0 })
    await slack.workspace.close()
  })
})

describe('no token', () => {
  it('reaches a log, whatever the libraries say', () => {
    const text =
      'xoxb-1-2-abc wss://wss-primary.slack.com/link/?ticket=abc&app_id=1 https://hooks.slack.com/commands/T1/2/secret xapp-1-A-2-def'
    expect(scrub(text)).toBe(
      '[token] wss://wss-primary.slack.com/link/?[ticket] https://hooks.slack.com/commands/[secret] [token]',
    )
  })
})
