import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import type { Message } from '../../dev/slack/messages.ts'
import { buttonsOf } from './blocks-of.ts'
import { appendToLog, limitHitLine, logHit } from './limit-hit-line.ts'
import { openStage, type Stage, textOf } from './stage.ts'
import { rotatedFileLeft } from '../real/host-state.ts'

const HOUR_MS = 3_600_000
const OLD_USERS = ['one@old.example', 'two@old.example', 'three@old.example']

describe.skipIf(noMailHosts())('what happens to a log while the bot is down', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage('bookworm', {
      prepare: (host) => host.writeFile('/root/rotate.conf', rotation(host.logPath)),
    })
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())

  const rotate = async (): Promise<void> => {
    await stage.host.run(['logrotate', '-f', '-s', '/root/rotate.state', '/root/rotate.conf'])
    await rotatedFileLeft(stage.host)
  }
  const alertOf = (user: string) => stage.alertOf(user)
  const notices = (): readonly Message[] =>
    stage.slack.messages().filter((message) => /Problem on|Over on/.test(message.text))

  it('rotation and compression lose nothing, and nobody is told of them', async () => {
    await stage.bot.kill()
    await logHit(stage.host, 'rotated@example.com')
    await rotate()
    await logHit(stage.host, 'compressed@example.com')
    await rotate()
    await logHit(stage.host, 'live@example.com')
    expect(await stage.host.run(['sh', '-c', 'ls "$1".*', 'sh', stage.host.logPath])).toContain('.2.gz')
    await stage.restartBot()
    for (const user of ['rotated', 'compressed', 'live']) await alertOf(`${user}@example.com`)
    // An edit comes after every message that is still to be posted.
    const { ts } = await alertOf('live@example.com')
    await stage.slack.until('the judgement on the last alert', () =>
      buttonsOf(stage.slack.message(ts) ?? { blocks: [] }).find(({ action }) => action === 'look-again'),
    )
    expect(notices()).toEqual([])
  })

  it('a log file that was deleted unread is told of in one notice, which says what keeps that from happening', async () => {
    await stage.bot.kill()
    await logHit(stage.host, 'deleted@example.com')
    await rotate()
    await stage.host.run(['sh', '-c', 'rm "$1".*', 'sh', stage.host.logPath])
    await logHit(stage.host, 'behind@example.com')
    await stage.restartBot()
    await alertOf('behind@example.com')
    const [notice, ...more] = await stage.slack.until('the notice', () =>
      notices().length > 0 ? notices() : undefined,
    )
    expect(more).toEqual([])
    expect(textOf(notice ?? { text: '', blocks: [] })).toMatch(
      /log file was deleted before it was read to its end on \S+: mail\.log after byte \d+.*Let logrotate keep more generations/s,
    )
    expect(stage.slack.messages().filter((message) => textOf(message).includes('deleted@'))).toEqual([])
  })

  it('a truncation is told of in the same notice, and reading goes on behind it', async () => {
    await stage.bot.kill()
    await logHit(stage.host, 'truncated@example.com')
    await stage.host.run(['truncate', '-s', '0', stage.host.logPath])
    await logHit(stage.host, 'afresh@example.com')
    await stage.restartBot()
    await alertOf('afresh@example.com')
    await stage.slack.until('the truncation in the notice', () =>
      notices().find((notice) => /The log was truncated.*instead of copytruncate/s.test(textOf(notice))),
    )
    expect(notices()).toHaveLength(1)
  })

  it('hits that are older than a quarter of an hour come in one message without buttons, a repeated line as one hit', async () => {
    await stage.bot.kill()
    const old = OLD_USERS.map((user) => limitHitLine(stage.host, user, Date.now() - HOUR_MS))
    const repeated = limitHitLine(stage.host, 'repeated@example.com')
    await appendToLog(stage.host, [...old, repeated, repeated].join(''))
    await stage.restartBot()
    const alert = await alertOf('repeated@example.com')
    const away = await stage.slack.untilMessage('the message of all old hits', (message) =>
      ['While I was away', ...OLD_USERS].every((part) => textOf(message).includes(part)),
    )
    expect(textOf(stage.slack.message(alert.ts) ?? alert)).toContain('1 refused login')
    expect(buttonsOf(away)).toEqual([])
    expect(stage.slack.messages().filter((message) => textOf(message).includes('@old.example'))).toHaveLength(
      1,
    )
    expect(notices()).toHaveLength(1)
  })
})

function rotation(logPath: string): string {
  return `${logPath} {
rotate 7
create
compress
delaycompress
postrotate
systemctl kill -s HUP --kill-whom=main rsyslog.service
endscript
}
`
}
