import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startWorkspace, type Workspace } from '../../dev/slack/workspace.ts'
import { emptyFolder, type Running, startMaillimit } from './maillimit.ts'

type Site = AsyncDisposable & {
  readonly slack: Workspace
  readonly folder: string
  readonly start: (more?: Readonly<Record<string, string>>) => Running
}

/** A Slack workspace and a mail host that nothing listens on: enough for the bot to start, and to say what is missing. */
async function openSite(): Promise<Site> {
  await using parts = new AsyncDisposableStack()
  const folder = parts.use(await emptyFolder())
  const slack = parts.use(await startWorkspace())
  const started: Running[] = []
  parts.defer(async () => {
    for (const { child } of started) if (child.exitCode === null) child.kill('SIGKILL')
    await Promise.all(started.map(({ ended }) => ended))
  })
  const environment = {
    ...slack.environment,
    MAIL_HOSTS: 'nobody@127.0.0.1:9',
    HTTP_PORT: '0',
    STATE_DB: join(folder.path, 'state', 'maillimit.db'),
  }
  const stack = parts.move()
  return {
    slack,
    folder: folder.path,
    start(more = {}) {
      const running = startMaillimit(['run'], { ...environment, ...more }, folder.path)
      started.push(running)
      return running
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function filesBelow(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length
}

const READY = '"msg":"ready"'

describe('maillimit run', { timeout: 60_000 }, () => {
  it('starts although a mail host is out of reach, and ends with 0 within seconds of SIGTERM', async () => {
    await using site = await openSite()
    const bot = site.start()
    await bot.until(READY)
    const port = /"port":(\d+),"msg":"metrics and health are served"/.exec(bot.stdout())?.[1]
    const health = await fetch(`http://127.0.0.1:${port}/readyz`)
    expect([health.status, await health.text()]).toEqual([503, expect.stringContaining('127.0.0.1:9: ')])
    bot.child.kill('SIGTERM')
    const askedAtMs = performance.now()
    const { code, stdout, stderr } = await bot.ended
    expect(performance.now() - askedAtMs).toBeLessThan(9_000)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.trim().split('\n').at(-1)).toContain('"msg":"stopped"')
  })

  it('keeps its state where only its own account can read it', async () => {
    await using site = await openSite()
    const bot = site.start()
    await bot.until(READY)
    expect(statSync(join(site.folder, 'state')).mode & 0o777).toBe(0o700)
    expect(statSync(join(site.folder, 'state', 'maillimit.db')).mode & 0o777).toBe(0o600)
  })

  it('keeps its compiled code as soon as it runs, so that it is back as fast after a kill', async () => {
    await using site = await openSite()
    const cache = join(site.folder, 'compiled')
    await site.start({ NODE_COMPILE_CACHE: cache }).until(READY)
    await expect.poll(() => filesBelow(cache)).toBeGreaterThan(500)
  })

  it('ends at once at the second signal', async () => {
    await using site = await openSite()
    const bot = site.start()
    await bot.until(READY)
    // Stopped, it meets both at the same moment, so that the orderly end has no time to come first.
    bot.child.kill('SIGSTOP')
    bot.child.kill('SIGTERM')
    bot.child.kill('SIGINT')
    bot.child.kill('SIGCONT')
    const { code, stdout } = await bot.ended
    expect(code).toBe(1)
    expect(stdout).not.toContain('"msg":"stopped"')
  })

  it('can be stopped while it still waits for Slack', async () => {
    await using site = await openSite()
    site.slack.faults.add({ kind: 'hang', method: 'apps.connections.open', times: Number.POSITIVE_INFINITY })
    const bot = site.start()
    await bot.until('metrics and health are served')
    bot.child.kill('SIGTERM')
    const askedAtMs = performance.now()
    expect((await bot.ended).code).toBe(0)
    expect(performance.now() - askedAtMs).toBeLessThan(9_000)
  })

  it.each([
    ['SLACK_BOT_TOKEN', 'xoxb-a-token-of-another-life'],
    ['SLACK_APP_TOKEN', 'xapp-a-token-of-another-life'],
  ])('ends with 4 when Slack refuses %s, and says what to do', async (name, token) => {
    await using site = await openSite()
    const { code, stdout, stderr } = await site.start({ [name]: token }).ended
    expect(code).toBe(4)
    expect(stderr).toMatch(
      new RegExp(`^maillimit: Slack refuses ${name}: invalid_auth\\.\\n {2}\\S.*${name}`),
    )
    expect(stdout).toContain('"code":"slack-token-invalid"')
    expect(stdout + stderr).not.toContain('another-life')
  })

  it('goes on when Slack is out of reach, for that passes', async () => {
    await using site = await openSite()
    const bot = site.start({ SLACK_API_URL: 'http://127.0.0.1:9/api/' })
    await bot.until('Slack is out of reach')
    await bot.until(READY)
    bot.child.kill('SIGTERM')
    expect((await bot.ended).code).toBe(0)
  })

  it('never writes a secret, however much it logs', async () => {
    await using site = await openSite()
    const { slack } = site
    const bot = site.start({ LOG_LEVEL: 'trace' })
    await bot.until(READY)
    slack.tokens.revoke('bot')
    slack.tokens.revoke('app')
    slack.sockets.cut()
    await bot.until('slack socket could not be opened')
    bot.child.kill('SIGTERM')
    const { stdout, stderr } = await bot.ended
    expect(stdout.split('\n').length).toBeGreaterThan(3)
    for (const secret of [slack.botToken, slack.appToken, 'ticket=']) {
      expect(stdout + stderr).not.toContain(secret)
    }
  })

  it('leaves the state alone that another one is using', async () => {
    await using site = await openSite()
    const first = site.start()
    await first.until(READY)
    const { code, stdout, stderr } = await site.start().ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^maillimit: another maillimit is running on \S+maillimit\.db\n {2}Stop the other one first/,
    )
    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)
  })

  it('names the port that is taken', async () => {
    await using site = await openSite()
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, stderr } = await site.start({ HTTP_PORT: String(port) }).ended
    other.close()
    expect(code).toBe(1)
    expect(stderr).toContain(
      `maillimit: cannot listen on 127.0.0.1:${port}: EADDRINUSE\n  Set HTTP_PORT to a free port`,
    )
  })

  it('names a mail host that ssh could not be asked about, with exit code 3', async () => {
    await using site = await openSite()
    const { code, stderr } = await site.start({ MAIL_HOSTS: 'anna@mx1:99999' }).ended
    expect(code).toBe(3)
    expect(stderr).toContain('anna@mx1:99999')
  })
})
