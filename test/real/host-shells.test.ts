import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { approval, changedLines, connectHelper, NO_RATES, refusal, steps } from './helper-client.ts'
import type { HelperClient } from './helper-client.ts'
import { expectWhole, IMAP, worldOf } from './settled-change.ts'
import { until } from './until.ts'

/** What /bin/sh is on the host: for the helper, for what it starts, for sudo and for sshd. */
const SHELLS = ['/usr/bin/dash', '/usr/bin/bash', '/usr/bin/busybox'] as const

/** Follows the log from its beginning until a line and a beat have come, then hangs up; the whole answer. */
async function followed(host: MailHost, client: HelperClient, shell: string): Promise<string> {
  const { configPath, alias } = client.helper
  const session = spawn('ssh', ['-F', configPath, alias])
  let answer = ''
  session.stdout.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
  const heard = (pattern: RegExp) =>
    until(
      () => Promise.resolve(answer),
      (text) => pattern.test(text),
    )
  session.stdin.write(`maillimit/1 follow file=${host.logPath} offset=0 mark=-\n`)
  await heard(/^line\t.*Maximum number of connections/m)
  session.stdin.write('ping\n')
  await heard(/^beat\t/m)
  const helpers = 'for pid in $(pgrep -u root -x maillimit-host); do readlink /proc/$pid/exe; done'
  expect((await host.run(['sh', '-c', helpers])).trim().split('\n')).toContain(shell)
  session.stdin.end()
  return heard(/^end\t.*\n$/m)
}

describe.skipIf(noMailHosts())('the whole conversation', () => {
  test.concurrent.for(SHELLS)('goes as it should under %s', async (shell) => {
    await using host = await lease('trixie')
    await host.run(['ln', '-sfT', shell, '/usr/bin/sh'])
    const client = await connectHelper(host)
    await host.writeFile('/etc/maillimit.conf', NO_RATES)
    // It would heal at a moment of its own, and what a request answers depends on who was quicker.
    await host.run(['systemctl', 'stop', 'maillimit-heal.timer'])
    const ask = async (request: string): Promise<string> => (await client.ask(`maillimit/1 ${request}`)).end
    await using held = await host.holdImapSessions({ user: 'caf\u00e9 [x]*', count: 11 })
    expect([held.held, held.refused]).toEqual([10, 1])

    expect((await client.ask('maillimit/1 hello')).records).toContainEqual([
      'limit',
      'imap',
      '10',
      '-',
      '-',
      '-',
    ])
    const who = await client.ask('maillimit/1 who user=caf%C3%A9%20%5Bx%5D%2A')
    expect(who.records.filter(([name]) => name === 'session')).toHaveLength(10)
    expect(await ask('who user=*')).toBe('refused usage')
    expect((await client.ask('maillimit/1 files')).text).toContain(`file\t${host.logPath}\tlive`)
    expect(await followed(host, client, shell)).toMatch(/^end\tok\tclosed$/m)
    for (const wrong of [
      'who user=%00',
      'plan service=imap value=$(id)',
      'status id=..%2F..%2Fetc',
      'nonsense',
    ])
      expect(await ask(wrong), wrong).toBe('refused usage')

    const before = await worldOf(host)
    const raised = await client.raise('raise-0001', 20, { client: '2001:db8::7' })
    expect(raised.end, raised.text).toBe('ok applied')
    expect(steps(raised)).not.toContainEqual(expect.stringContaining('failed'))
    expect(changedLines(raised)).toEqual(['+  mail_max_userip_connections = 20'])
    expect((await client.ask('maillimit/1 status id=raise-0001')).text).toBe(raised.text)
    expect(await ask('void id=never-seen')).toBe('ok voided')
    expect(
      await ask(`apply id=never-seen service=imap value=30 digest=${'0'.repeat(64)} ${approval()}`),
    ).toBe('refused voided')
    expect(refusal(await client.ask('maillimit/1 plan service=imap value=20'))).toEqual([
      'lower',
      IMAP,
      '108',
    ])
    // What a full disk and a kill leave of the end of a change.
    await host.run([
      'sh',
      '-c',
      'cd /var/lib/maillimit && truncate -s -5 records/raise-0001/transcript && echo raise-0001 >open',
    ])
    expect(await ask('heal')).toBe('ok raise-0001')
    await expectWhole(host, await ask('status id=raise-0001'), before, '20')
    expect((await client.rollBack('back-0001', 'raise-0001')).end).toBe('ok rolled-back')
    expect(await host.readFile(IMAP)).toEqual(before.content)
  })
})
