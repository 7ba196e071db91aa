import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/config/duration.ts'
import { readEnvironment } from '../../src/config/read-environment.ts'
import { parseSettings } from '../../src/config/settings.ts'

const GOOD = {
  SLACK_BOT_TOKEN: 'xoxb-1',
  SLACK_APP_TOKEN: 'xapp-1',
  SLACK_CHANNEL: 'C0OPS',
  MAIL_HOSTS: 'mx1, admin@mx2.example.com:2222,local',
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maillimit-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the environment', () => {
  it('needs four variables, and everything else has a safe default', () => {
    const result = parseSettings(GOOD)
    expect(result).toMatchObject({
      kind: 'settings',
      settings: {
        slack: { botToken: 'xoxb-1', channel: 'C0OPS', approvers: [], apiUrl: undefined },
        mailHosts: ['mx1', 'admin@mx2.example.com:2222', 'local'],
        limitMax: 100,
        approvalsRequired: 1,
        approvalTtlMs: 1_800_000,
        quietAfterMs: 1_800_000,
        verifyForMs: 600_000,
        retentionMs: 7_776_000_000,
        stateDb: './data/maillimit.db',
        http: { host: '127.0.0.1', port: 9464 },
        logLevel: 'info',
      },
    })
  })

  it('is refused when more approvals are required than there are approvers, whom no group could add to', () => {
    const required = (approvers: string, count: string) =>
      parseSettings({ ...GOOD, SLACK_APPROVERS: approvers, APPROVALS_REQUIRED: count })
    expect(required('U1AB', '2')).toMatchObject({
      kind: 'invalid',
      problems: [
        {
          variable: 'APPROVALS_REQUIRED',
          what: expect.stringContaining('never'),
          remedy: expect.stringContaining('SLACK_APPROVERS'),
        },
      ],
    })
    for (const approvers of ['', 'U1AB,U2AB', 'U1AB,S1AB'])
      expect(required(approvers, '2').kind).toBe('settings')
  })

  it('is told all of its problems at once, each with variable and remedy', () => {
    const result = parseSettings({
      SLACK_BOT_TOKEN: 'xoxp-1',
      SLACK_CHANNEL: '#ops',
      SLACK_APPROVERS: 'U1AB, alice',
      SLACK_API_URL: 'http://slack.example.com/api/',
      MAIL_HOSTS: 'mx1,-oProxyCommand=evil,mx1',
      LIMIT_MAX: '1e3',
      VERIFY_FOR: '10',
      LOG_LEVEL: 'loud',
    })
    expect(result.kind).toBe('invalid')
    if (result.kind !== 'invalid') return
    expect([...new Set(result.problems.map((problem) => problem.variable))].sort()).toEqual([
      'LIMIT_MAX',
      'LOG_LEVEL',
      'MAIL_HOSTS',
      'SLACK_API_URL',
      'SLACK_APPROVERS',
      'SLACK_APP_TOKEN',
      'SLACK_BOT_TOKEN',
      'SLACK_CHANNEL',
      'VERIFY_FOR',
    ])
    for (const problem of result.problems) {
      expect(problem.what, problem.variable).not.toBe('')
      expect(problem.remedy, problem.variable).not.toBe('')
      expect(problem.what + problem.remedy).not.toContain('xoxp-1')
    }
  })

  it('lets plain http only to loopback', () => {
    for (const url of [
      'http://127.0.0.1:3000/api',
      'http://localhost:1/api/',
      'http://[::1]:9/',
      'https://slack.com/api/',
    ]) {
      expect(parseSettings({ ...GOOD, SLACK_API_URL: url }).kind, url).toBe('settings')
    }
    for (const url of ['http://127.0.0.1.evil.example/', 'http://10.0.0.1/', 'ftp://localhost/', 'slack']) {
      expect(parseSettings({ ...GOOD, SLACK_API_URL: url }).kind, url).toBe('invalid')
    }
  })
})

describe('a secret in a file', () => {
  it('is read from there, without its newline', () => {
    writeFileSync(join(folder, 'token'), 'xoxb-from-file\n')
    const { SLACK_BOT_TOKEN: _, ...rest } = GOOD
    const result = readEnvironment(
      { ...rest, SLACK_BOT_TOKEN_FILE: join(folder, 'token') },
      join(folder, '.env'),
    )
    expect(result).toMatchObject({ settings: { slack: { botToken: 'xoxb-from-file' } } })
  })

  it('and in the environment too is one problem, not two', () => {
    writeFileSync(join(folder, 'token'), 'xoxb-from-file')
    const result = readEnvironment(
      { ...GOOD, SLACK_BOT_TOKEN_FILE: join(folder, 'token') },
      join(folder, '.env'),
    )
    expect(result).toMatchObject({ kind: 'invalid', problems: [{ variable: 'SLACK_BOT_TOKEN' }] })
  })

  it('that cannot be read is named, once', () => {
    const { SLACK_BOT_TOKEN: _, ...rest } = GOOD
    const path = join(folder, 'absent')
    const result = readEnvironment({ ...rest, SLACK_BOT_TOKEN_FILE: path }, join(folder, '.env'))
    expect(result).toMatchObject({ kind: 'invalid', problems: [{ variable: 'SLACK_BOT_TOKEN_FILE' }] })
    expect(result.kind === 'invalid' && result.problems).toHaveLength(1)
  })
})

it('a .env file fills in what the environment lacks and never overrides it', () => {
  writeFileSync(join(folder, '.env'), 'LIMIT_MAX=50\nLOG_LEVEL="debug"\n# comment\n')
  const result = readEnvironment({ ...GOOD, LOG_LEVEL: 'warn' }, join(folder, '.env'))
  expect(result).toMatchObject({ settings: { limitMax: 50, logLevel: 'warn' } })
})

it('durations are whole numbers with one unit', () => {
  expect(['20s', '10m', '2h', '90d'].map(parseDuration)).toEqual([20_000, 600_000, 7_200_000, 7_776_000_000])
  expect(['', '0s', '10', '1.5h', '10 m', '-1m', '10M', '1h30m'].map(parseDuration)).toEqual(
    Array.from({ length: 8 }),
  )
})
