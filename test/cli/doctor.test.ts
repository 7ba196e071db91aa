import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { startWorkspace, type Workspace, type WorkspaceSettings } from '../../dev/slack/workspace.ts'
import type { Finding } from '../../src/cli/check.ts'
import { linesOf } from '../../src/cli/check-report.ts'
import { checkSlack } from '../../src/cli/check-slack.ts'
import { checkState } from '../../src/cli/check-state.ts'
import { parseSettings } from '../../src/config/settings.ts'
import { emptyFolder, type Ended, maillimit, startMaillimit, withoutWaiting } from './maillimit.ts'

/** Nothing listens there: the host's section fails, whatever else is tried. */
const OUT_OF_REACH = 'nobody@127.0.0.1:9'

async function doctor(
  slack: Workspace,
  more: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Ended> {
  return await maillimit(['doctor', ...args], { ...slack.environment, MAIL_HOSTS: OUT_OF_REACH, ...more })
}

/** The lines of one section, without its title. */
function section(stdout: string, title: string): string {
  return stdout.split('\n\n').find((part) => part.startsWith(`${title}\n`)) ?? ''
}

/** What doctor says of Slack, asked within this process. */
async function slackSection(
  arrange: (slack: Workspace) => void,
  environment: Readonly<Record<string, string>> = {},
  settings: WorkspaceSettings = {},
): Promise<string> {
  await using slack = await startWorkspace(settings)
  arrange(slack)
  const result = parseSettings({ ...slack.environment, MAIL_HOSTS: OUT_OF_REACH, ...environment })
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems))
  return textOf(await Array.fromAsync(checkSlack(result.settings.slack)))
}

function textOf(findings: readonly Finding[]): string {
  return findings.flatMap((finding) => (finding.state === 'doing' ? [] : linesOf(finding))).join('\n')
}

describe('maillimit doctor', () => {
  it('names every wrong setting at once, with its remedy, and looks at nothing else', async () => {
    await using slack = await startWorkspace()
    const { code, stdout } = await doctor(slack, {
      SLACK_BOT_TOKEN: 'xoxp-secret-of-a-person',
      LIMIT_MAX: 'many',
      QUIET_AFTER: '0m',
      SLACK_APPROVERS: '@anna',
    })
    expect(code).toBe(3)
    for (const name of ['SLACK_BOT_TOKEN', 'LIMIT_MAX', 'QUIET_AFTER', 'SLACK_APPROVERS']) {
      expect(stdout).toMatch(new RegExp(`^ {2}FAIL ${name}: .+\\n {9}\\S`, 'm'))
    }
    expect(stdout).toContain('0 ok, 0 to look at, 4 failed.')
    expect(stdout).not.toContain('secret-of-a-person')
    expect(slack.calls).toEqual([])
  })

  it('finds a sound workspace sound, and a host that is out of reach not', async () => {
    await using slack = await startWorkspace()
    const { code, stdout, stderr } = await doctor(slack)
    expect([code, withoutWaiting(stderr)]).toEqual([4, ''])
    expect(section(stdout, 'Slack')).toBe(
      [
        'Slack',
        '  ok   the bot is @maillimit in the workspace "Local workspace" (T0LOCAL0001)',
        '  ok   the app has every scope that it needs',
        '  ok   Socket Mode: Slack accepts SLACK_APP_TOKEN',
        '  ok   the bot is a member of #mail-ops (C0MAILOPS01)',
        '  ok   the group @mail-approvers (S0APPROVERS) has 2 members; 2 of them can approve',
      ].join('\n'),
    )
    expect(section(stdout, 'Mail host 127.0.0.1:9')).toMatch(/ {2}FAIL .+\n {9}\S/)
    expect(stdout).toMatch(/1 failed\. Mend what stands at FAIL, then run doctor again\.\n$/)
    expect(stdout).not.toContain(slack.botToken)
    expect(stdout).not.toContain(slack.appToken)
  })

  it('opens no socket, which would take clicks away from the running bot, and posts nothing', async () => {
    await using slack = await startWorkspace()
    await doctor(slack)
    expect(slack.messages()).toEqual([])
    expect(new Set(slack.calls.map(({ method }) => method))).toEqual(
      new Set([
        'auth.test',
        'apps.connections.open',
        'conversations.info',
        'conversations.members',
        'users.info',
        'usergroups.list',
        'usergroups.users.list',
      ]),
    )
  })

  it('prints one JSON object with --json, and nothing else', async () => {
    await using slack = await startWorkspace()
    const { code, stdout } = await doctor(slack, {}, ['--json'])
    const report = JSON.parse(stdout) as {
      exitCode: number
      summary: { ok: number; warn: number; fail: number }
      sections: { title: string; checks: { state: string; what: string; remedy: string[] }[] }[]
    }
    expect([code, report.exitCode, report.summary.fail]).toEqual([4, 4, 1])
    expect(report.sections.map(({ title }) => title)).toEqual([
      'Settings',
      'State',
      'Slack',
      'Mail host 127.0.0.1:9',
    ])
    const failed = report.sections.flatMap(({ checks }) => checks).filter(({ state }) => state === 'fail')
    expect(failed[0]?.remedy).not.toEqual([])
  })

  it('says what it waits for when an answer takes long', async () => {
    await using slack = await startWorkspace()
    slack.faults.add({ kind: 'slow', method: 'auth.test', delayMs: 2_500 })
    const { stdout, stderr } = await doctor(slack)
    expect(stderr).toMatch(/^ {2}… {4}asking Slack who the bot is \(2 s\)\n/)
    expect(withoutWaiting(stderr)).toBe('')
    expect(stdout).toContain('  ok   the bot is @maillimit')
  })
})

describe('doctor asks Slack', () => {
  it('about the scopes', async () => {
    const scopes = ['chat:write', 'commands', 'users:read', 'channels:read', 'groups:read']
    const found = await slackSection(() => {}, { SLACK_APPROVERS: 'U0APPROVER1' }, { scopes })
    expect(found).toContain(
      '  FAIL the app lacks the scope usergroups:read\n         Give the app the scopes',
    )
  })

  it.each([
    ['SLACK_BOT_TOKEN', 'xoxb-a-token-of-another-life', 'Slack refuses SLACK_BOT_TOKEN: invalid_auth'],
    [
      'SLACK_APP_TOKEN',
      'xapp-a-token-of-another-life',
      'Slack refuses SLACK_APP_TOKEN: apps.connections.open answers invalid_auth',
    ],
    [
      'SLACK_CHANNEL',
      'C0NOSUCH001',
      'Slack refuses SLACK_CHANNEL: conversations.info answers channel_not_found',
    ],
    ['SLACK_APPROVERS', 'S0NOSUCH001', 'there is no user group S0NOSUCH001 in this workspace'],
  ])('about %s', async (name, value, words) => {
    const found = await slackSection(() => {}, { [name]: value })
    expect(found).toContain(`  FAIL ${words}`)
    expect(found).not.toContain('another-life')
  })

  it('about the channel: not a member, archived, shared', async () => {
    const channel = 'C0GENERAL01'
    const gone = await slackSection(({ directory }) => directory.leave(channel, 'U0MAILLIMIT'), {
      SLACK_CHANNEL: channel,
    })
    expect(gone).toContain('  FAIL the bot is not a member of #general')
    expect(gone).toContain('/invite @maillimit')
    const closed = await slackSection(({ directory }) =>
      directory.changeChannel('C0MAILOPS01', { isArchived: true }),
    )
    expect(closed).toContain('  FAIL #mail-ops (C0MAILOPS01) is archived')
    const shared = await slackSection(({ directory }) =>
      directory.changeChannel('C0MAILOPS01', { isExtShared: true }),
    )
    expect(shared).toContain('  warn #mail-ops (C0MAILOPS01) is shared with another organisation')
    expect(shared).toContain('  warn nobody can approve at this moment')
  })

  it('about each approver, and says why somebody is none', async () => {
    const ids = [
      'U0APPROVER1',
      'U0GUEST0001',
      'U0GONE00001',
      'U0STRANGER1',
      'U0ROBOT0001',
      'U0OUTSIDE01',
      'U0NOBODY001',
    ]
    const found = await slackSection(() => {}, { SLACK_APPROVERS: ids.join(',') })
    for (const words of [
      '  ok   Hana Mori (U0APPROVER1) can approve',
      '  warn Gus Weber (U0GUEST0001) is a guest',
      '  warn Gordon Gone (U0GONE00001) is deactivated',
      '  warn Stan Fremd (U0STRANGER1) does not belong to this workspace',
      '  warn Deploy Bot (U0ROBOT0001) is a bot',
      '  warn Nao Berg (U0OUTSIDE01) is not a member of the channel',
      '  warn U0NOBODY001 does not belong to this workspace',
    ]) {
      expect(found).toContain(words)
    }
    expect(found).not.toContain('nobody can approve')
  })

  it('and lets no name play a line, move the cursor or show a token', async () => {
    const realName = 'Eve\n  ok   all is well\u001b[2J\u202e xoxb-local-workspace-bot'
    const arrange = ({ directory }: Workspace) => directory.change('U0APPROVER1', { realName })
    await using slack = await startWorkspace()
    arrange(slack)
    const shown = await doctor(slack, { SLACK_APPROVERS: 'U0APPROVER1' })
    expect(shown.stdout).toContain('  ok   Eve?  ok   all is well?[2J\\u{202e} *** (U0APPROVER1) can approve')
    const { stdout } = await doctor(slack, { SLACK_APPROVERS: 'U0APPROVER1' }, ['--json'])
    expect(stdout).toContain('*** (U0APPROVER1)')
    expect(stdout).not.toContain('xoxb-')
  })

  it('whether anybody can approve at all', async () => {
    expect(await slackSection(() => {}, { SLACK_APPROVERS: '' })).toContain(
      '  warn nobody can approve: SLACK_APPROVERS is empty',
    )
    const empty = await slackSection(({ directory }) => directory.setGroup('S0APPROVERS', []))
    expect(empty).toContain('  warn the group @mail-approvers (S0APPROVERS) has 0 members')
    expect(empty).toContain('  warn nobody can approve at this moment')
  })

  it('and says why not, when Slack does not say who somebody is', async () => {
    const found = await slackSection(
      ({ faults }) => {
        faults.add({ kind: 'error', error: 'internal_error', method: 'users.info', times: 10 })
      },
      { SLACK_APPROVERS: 'U0APPROVER1' },
    )
    expect(found).toContain('  warn Slack did not say who U0APPROVER1 is (internal_error)')
  })
})

describe('doctor asks a mail host', () => {
  /** Connections to a port that accepts them and says nothing: so many now, and at the most. */
  let open = 0
  let atOnce = 0

  async function hostSections(config: (port: number) => string, hosts: string): Promise<string> {
    await using folder = await emptyFolder()
    await using slack = await startWorkspace()
    const silent = createServer((socket) => {
      open++
      atOnce = Math.max(atOnce, open)
      socket
        .resume()
        .on('close', () => open--)
        .on('error', () => {})
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const path = (name: string) => join(folder.path, name)
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path('key')])
    writeFileSync(path('config'), config((silent.address() as AddressInfo).port))
    const { code, stdout } = await doctor(slack, {
      MAIL_HOSTS: hosts,
      SSH_CONFIG: path('config'),
      SSH_KEY: path('key'),
      SSH_KNOWN_HOSTS: path('known_hosts'),
    })
    silent.close()
    expect(code).toBe(4)
    return stdout.slice(stdout.indexOf('Mail host '))
  }

  it('all at once, and names what each one lacks', async () => {
    const found = await hostSections(
      (port) => `
        Host mx1
          HostName 127.0.0.1
          Port 9
        Host mx2 mx3
          HostName 127.0.0.1
          Port ${port}
          ConnectTimeout 8
        Host mx4
          ProxyCommand /bin/nc %h %p
        Host mx5
          HostName nowhere.invalid`,
      'mx1,mx2,mx3,mx4,mx5',
    )
    expect(atOnce).toBe(2)
    expect(found).toMatch(/^Mail host mx1\n {2}ok {3}ssh -G: \S+ at 127\.0\.0\.1, port 9, with \S+\/key$/m)
    expect(found).toMatch(
      /^ {2}FAIL mx1 \(127\.0\.0\.1, port 9\) cannot be reached: ECONNREFUSED\n {9}Nothing listens there/m,
    )
    expect(found).toMatch(/^ {2}FAIL mx2 \(127\.0\.0\.1, port \d+\) did not let the bot in within 8 s$/m)
    expect(found).toMatch(/^ {2}FAIL mx3 .* within 8 s$/m)
    expect(found).toMatch(/^Mail host mx4\n {2}FAIL mx4: it has a ProxyCommand/m)
    expect(found).toMatch(
      /^ {2}FAIL mx5 \(nowhere\.invalid, port 22\) cannot be reached: (ENOTFOUND|EAI_AGAIN)$/m,
    )
  })
})

describe('doctor looks at the state', () => {
  const state = (path: string) => textOf([...checkState(path)])

  it('without creating it', async () => {
    await using folder = await emptyFolder()
    const path = join(folder.path, 'state', 'maillimit.db')
    expect(state(path)).toContain(
      `  ok   ${path} is not there yet; the first start creates it in ${folder.path}`,
    )
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('while the bot is running, and when it is not', async () => {
    await using folder = await emptyFolder()
    await using slack = await startWorkspace()
    const path = join(folder.path, 'maillimit.db')
    const environment = { ...slack.environment, MAIL_HOSTS: OUT_OF_REACH, STATE_DB: path, HTTP_PORT: '0' }
    const bot = startMaillimit(['run'], environment, folder.path)
    await bot.until('"msg":"ready"')
    expect(state(path)).toMatch(/ {2}ok {3}.*can be opened .*; in use by a running bot/)
    bot.child.kill('SIGTERM')
    expect((await bot.ended).code).toBe(0)
    expect(state(path)).toMatch(/ {2}ok {3}.*can be opened .*; no bot is running on it/)
    chmodSync(path, 0o644)
    expect(state(path)).toMatch(/ {2}warn others may read .*\(mode 0644\).*\n {9}chmod 600 /)
  })

  it('and leaves a file of another program, of a newer release, and a folder alone', async () => {
    await using folder = await emptyFolder()
    const other = join(folder.path, 'other.db')
    const foreign = new DatabaseSync(other)
    foreign.exec('CREATE TABLE theirs (x)')
    foreign.close()
    expect(state(other)).toContain(`  FAIL ${other} belongs to another program\n         Point STATE_DB`)

    const newer = join(folder.path, 'newer.db')
    const later = new DatabaseSync(newer)
    later.exec('PRAGMA application_id = 0x6d61696c; CREATE TABLE ours (x); PRAGMA user_version = 999')
    later.close()
    expect(state(newer)).toContain(`  FAIL ${newer} was written by a newer maillimit (schema 999`)

    const text = join(folder.path, 'notes.txt')
    writeFileSync(text, 'These are no pages of SQLite, but they are long enough to be looked at. '.repeat(20))
    expect(state(text)).toContain(`  FAIL ${text} is no SQLite database`)

    mkdirSync(join(folder.path, 'folder'))
    expect(state(join(folder.path, 'folder'))).toContain('  FAIL ')
    expect(state(join(text, 'maillimit.db'))).toContain('is not a folder')
  })
})
