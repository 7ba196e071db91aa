import { appendFile, readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installHelper } from '../../dev/mailhost/install-helper.ts'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { people } from '../../dev/slack/people.ts'
import { buttonsOf } from './blocks-of.ts'
import { appendToLog, limitHitLine, limitHitWords } from './limit-hit-line.ts'
import { openStage, type Stage, textOf } from './stage.ts'

const HELPER = '/usr/local/libexec/maillimit-host'
const WITHIN_MS = 120_000

/** One host of three is treated badly, one hangs from the start, and one is sound: its alerts go on coming. */
describe.skipIf(noMailHosts())('a host whose log or helper is not as it should be', () => {
  const stack = new AsyncDisposableStack()
  let stage: Stage
  let bad: MailHost
  let sound: MailHost
  let hanging: MailHost
  let users = 0

  beforeAll(async () => {
    stage = stack.use(await openStage('bookworm'))
    bad = stage.host
    sound = stack.use(await lease('trixie'))
    hanging = stack.use(await lease('bookworm'))
    for (const host of [sound, hanging]) {
      const { configPath } = await installHelper(host)
      await appendFile(stage.helper.configPath, await readFile(configPath, 'utf8'))
    }
    await replaceHelper(hanging, answering('printf "host\\tproto"\nsleep 600'))
    // Here the test alone writes to the log, and says where it is.
    await bad.run(['systemctl', 'stop', 'syslog.socket', 'rsyslog.service'])
    await bad.writeFile('/etc/maillimit.conf', `log = ${bad.logPath}\n`)
    await stage.restartBot({ MAIL_HOSTS: [bad, sound, hanging].map((host) => host.name).join(',') })
    await stateOf(bad, 'followed')
    await stateOf(sound, 'followed')
  })
  afterAll(() => stack.disposeAsync())

  /** What `/maillimit hosts` says of a host, once it fits. */
  async function stateOf(host: MailHost, words: string | RegExp): Promise<string> {
    const deadline = performance.now() + WITHIN_MS
    let said = ''
    while (performance.now() < deadline) {
      const before = stage.slack.ephemerals(people.member).length
      await stage.slack.slash(people.member, '/maillimit', 'hosts')
      const answer = await stage.slack.until('the hosts', () => stage.slack.ephemerals(people.member)[before])
      said = partOf(textOf(answer), host)
      if (typeof words === 'string' ? said.includes(words) : words.test(said)) return said
      await wait(300)
    }
    throw new Error(`${host.name} was never ${words}, but: ${said}`)
  }

  /** Each from `🔴 name` to the next sign. */
  function partOf(text: string, host: MailHost): string {
    // bookworm-1 is not bookworm-10.
    const name = new RegExp(`${host.name}(?!\\d)`)
    return text.split(/(?=🟢|🔵|🔴)/).find((part) => name.test(part)) ?? ''
  }

  /** A refused login on this host gets its alert. */
  async function alerts(host: MailHost, timeoutMs?: number): Promise<void> {
    const user = `user${++users}@${host.name}`
    if (host === bad) await appendToLog(host, limitHitLine(host, user))
    else await host.run(['logger', '-p', 'mail.info', '-t', 'dovecot', '--', limitHitWords(user)])
    await stage.alertOf(user, timeoutMs)
  }

  const inPlaceOfLog = (script: string) =>
    bad.run(['sh', '-c', `set -e; log=$1; ${script}`, 'sh', bad.logPath])

  it('says what stands in place of the log, whatever it is, and reads on when it is mended', async () => {
    for (const [inPlace, words] of [
      ['mkdir "$log"', 'A folder stands where the log should be; move it away'],
      ['ln -s "$log" "$log"', 'symbolic links lead in a circle'],
      ['mkfifo "$log"', 'The log is not a regular file; name another one'],
      [':', 'There is no log yet'],
    ] as const) {
      await inPlaceOfLog(`rm -rf "$log"*; ${inPlace}`)
      expect(await stateOf(bad, words)).toContain('at fault')
    }
    await alerts(sound)
    await inPlaceOfLog('date +%N >"$log"')
    await alerts(bad, WITHIN_MS)
    await stateOf(bad, 'followed')
  })

  it('reads past a long line, a hole of NULs and broken UTF-8, and says once what could not be read', async () => {
    await appendToLog(bad, `${'x'.repeat(1_000_000)}\n`)
    await appendToLog(bad, Buffer.from(`\xff\xfe\xc3( ${limitHitLine(bad, 'caf\xe9')}`, 'latin1'))
    await appendToLog(bad, Buffer.alloc(10_000))
    await alerts(bad)
    await stage.slack.untilMessage('the notice', (message) =>
      /The log has a hole of NUL bytes.*nothing to mend in the bot/s.test(textOf(message)),
    )
    await stateOf(bad, 'followed')
    await appendToLog(bad, 'x'.repeat(200_000))
    expect(await stateOf(bad, 'a line of more than 64 KiB that has no end yet')).toContain('tail -c 300')
    await appendToLog(bad, '\n')
    await alerts(bad)
    await stateOf(bad, 'followed')
  })

  it('reads on whatever the clock of the host does', async () => {
    const day = 86_400_000
    for (const atMs of [Date.now() + 400 * day, 0, Date.now() - 400 * day])
      await appendToLog(bad, limitHitLine(bad, 'time@traveller.example', atMs))
    await inPlaceOfLog('touch -d "next year" "$log"')
    await alerts(bad)
    expect(await stateOf(bad, 'followed')).toContain(bad.logPath)
  })

  it('says what is wrong with a helper that talks nonsense or another protocol, or breaks off, and goes on when it is mended', async () => {
    const good = await bad.readFile(HELPER)
    for (const [script, words] of [
      ['echo "Last login: Tuesday"', 'sent a line that is no record: "Last login: Tuesday"'],
      ['printf "host\\tproto"', 'its last line is unfinished: "host\\x09proto"'],
      ['printf "host\tprotocol\t7\nend\tok\thello\n"', 'speaks protocol 7'],
    ] as const) {
      await replaceHelper(bad, answering(script))
      await endConnections(bad)
      const said = await stateOf(bad, words)
      expect(said).toMatch(/at fault/)
      expect(said).toMatch(/host\/install|bring both to one release/)
      await replaceHelper(bad, good)
    }
    await alerts(sound)
    await alerts(bad, WITHIN_MS)
    await stateOf(bad, 'followed')
  })

  it('says of a host that stopped in the middle of a record that it did not finish, all the time the others went on', async () => {
    const said = await stateOf(hanging, 'did not finish its answer within 30 s')
    expect(said).toContain('overloaded')
    await installHelper(hanging)
    await alerts(sound)
  })

  it('never offered a raise for what nobody is connected for', () => {
    expect(
      stage.slack
        .messages()
        .flatMap(buttonsOf)
        .filter((button) => button.action === 'approve'),
    ).toEqual([])
  })
})

/** A helper that reads the request, and then does this. */
function answering(script: string): string {
  return `#!/bin/sh\nread -r request\n${script}\n`
}

/** By a rename: at the moment in which somebody starts a program, nobody may write into its file. */
async function replaceHelper(host: MailHost, program: string | Uint8Array): Promise<void> {
  await host.run(['sh', '-c', 'cat >"$1.new" && chmod 755 "$1.new" && mv -f "$1.new" "$1"', 'sh', HELPER], {
    input: program,
  })
}

/** As when sshd is restarted by force: the bot connects anew. */
async function endConnections(host: MailHost): Promise<void> {
  const script =
    'for p in $(ps -eo pid=,args= | grep -E "sshd[^ ]*: maillimit" | grep -v grep | awk "{print \\$1}"); do kill -9 "$p"; done'
  await host.exec(['sh', '-c', script])
}
