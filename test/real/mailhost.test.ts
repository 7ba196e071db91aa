import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import { run } from '../../dev/mailhost/run.ts'
import { rotatedFileLeft } from './host-state.ts'

const VERSIONS = { bookworm: '2.3.19', trixie: '2.4.1', el9like: '2.3.13' } as const
const LIMIT_LINE =
  /imap-login: .*Maximum number of connections from user\+IP exceeded .*user=<taro@example.com>/

async function setImapLimit(host: MailHost, value: number): Promise<void> {
  const file = '/etc/dovecot/conf.d/20-imap.conf'
  const stock = (await host.readFile(file)).toString()
  expect(stock).toContain('  #mail_max_userip_connections = 10\n')
  await host.writeFile(
    file,
    stock.replace('  #mail_max_userip_connections = 10', `  mail_max_userip_connections = ${value}`),
  )
}

async function logChildren(host: MailHost): Promise<readonly string[]> {
  const { stdout } = await host.exec(['pgrep', '-x', '-f', 'dovecot/log'])
  return stdout.trim().split('\n')
}

async function ssh(host: MailHost, ...command: readonly string[]): Promise<string> {
  return sshWithin(30, host, ...command)
}

async function sshWithin(seconds: number, host: MailHost, ...command: readonly string[]): Promise<string> {
  const limit = `ConnectTimeout=${seconds}`
  const result = await run(['ssh', '-F', host.sshConfig, '-o', limit, host.name, ...command])
  return result.code === 0 ? result.stdout.trim() : `${result.code}: ${result.stderr.trim()}`
}

describe.skipIf(noMailHosts())('a mail host', () => {
  describe.each(RELEASES)('of %s', (release) => {
    test('boots with nothing failed, its own Dovecot, and no line in its mail log but those of the start', async () => {
      await using host = await lease(release)
      expect((await host.exec(['systemctl', 'is-system-running'])).stdout).toBe('running\n')
      expect(await host.run(['dovecot', '--version'])).toMatch(
        new RegExp(`^${VERSIONS[release].replaceAll('.', '\\.')}`),
      )
      for (const line of await host.logLines())
        expect(line).toMatch(/dovecot: master: Dovecot v.* starting up/)
      expect((await host.exec(['doveconf', '-n'])).code).toBe(0)
    })

    test('holds 10 of 12 sessions of one user, refuses 2, and says so in its own log', async () => {
      await using host = await lease(release)
      await using sessions = await host.holdImapSessions({ user: 'taro@example.com', count: 12 })
      expect([sessions.held, sessions.refused]).toEqual([10, 2])
      expect(sessions.results.at(-1)).toMatchObject({
        state: 'refused',
        text: expect.stringContaining('Maximum number of connections'),
      })
      const line = await host.waitForLog(LIMIT_LINE)
      expect(line).toContain(`rip=${host.ourAddress}, lip=${host.address}`)
      expect(sessions.stillOpen()).toBe(10)
      const who = await host.run(['doveadm', '-f', 'tab', 'who', '-1'])
      expect(who.split('\n').filter((row) => row.startsWith('taro@example.com\t'))).toHaveLength(10)
    })

    test('takes a new limit by systemctl reload, which ends idle sessions and starts another log process', async () => {
      await using host = await lease(release)
      await using before = await host.holdImapSessions({ user: 'taro@example.com', count: 1 })
      expect(before.held).toBe(1)
      const oldLogChildren = await logChildren(host)
      await setImapLimit(host, 14)
      await host.run(['systemctl', 'reload', 'dovecot'])
      await host.waitForLog(/SIGHUP received/)
      await expect.poll(() => logChildren(host)).not.toEqual(oldLogChildren)
      await using other = await host.holdImapSessions({ user: 'hanako@example.com', count: 16 })
      expect([other.held, other.refused]).toEqual([14, 2])
      await expect.poll(() => before.stillOpen()).toBe(0)
    })

    test('takes any name, any client address, POP3, IPv6 and TLS', async () => {
      await using host = await lease(release)
      expect(await host.login('<!channel>')).toEqual({ state: 'held' })
      const client = await host.addSourceAddress('203.0.113.7')
      expect(await host.login('hanako@example.com', { from: client, tls: true })).toEqual({ state: 'held' })
      await host.waitForLog(/imap-login: .*user=<hanako@example.com>.* rip=203\.0\.113\.7.*, TLS/)
      const client6 = await host.addSourceAddress('2001:db8:7::25')
      expect(await host.login('jiro', { from: client6 })).toEqual({ state: 'held' })
      await host.waitForLog(/user=<jiro>.* rip=2001:db8:7::25/)
      await using pop3 = await host.holdPop3Sessions({ user: 'taro@example.com', count: 2 })
      expect(pop3.held).toBe(2)
      expect(await host.login('taro@example.com', { password: 'wrong' })).toMatchObject({ state: 'refused' })
    })

    test('lets an account without rights write a line that looks like Dovecot’s', async () => {
      await using host = await lease(release)
      await host.run(['logger', '-p', 'mail.info', '-t', 'dovecot', 'imap-login: forged'], {
        user: 'mallory',
      })
      await host.waitForLog(/dovecot: imap-login: forged/)
      expect((await host.exec(['cat', host.logPath], { user: 'mallory' })).code).not.toBe(0)
    })

    test('rotates its log with the real logrotate', async () => {
      await using host = await lease(release)
      await host.run(['logger', '-p', 'mail.info', 'before the rotation'])
      await host.waitForLog(/before the rotation/)
      await host.run(['logrotate', '-f', '/etc/logrotate.conf'])
      await rotatedFileLeft(host)
      await host.run(['logger', '-p', 'mail.info', 'after the rotation'])
      await host.waitForLog(/after the rotation/)
      const rotated = (await host.run(['sh', '-c', `ls ${host.logPath}*`])).trim().split('\n')
      expect(rotated[1]).toMatch(
        release === 'el9like' ? /^\/var\/log\/maillog-\d{8}$/ : /^\/var\/log\/mail\.log\.1$/,
      )
    })
  })

  test('is reached by ssh under its pinned host key, and by no other', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    expect(await ssh(host, 'hostname')).toBe('mx1')
    await host.run(['sh', '-c', 'rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh'])
    expect(await ssh(host, 'hostname')).toContain('Host key verification failed')
  })

  test('is as new when it is leased again', async () => {
    {
      await using host = await lease('trixie')
      await setImapLimit(host, 50)
      await host.run(['useradd', 'maillimit'])
      await host.writeFile('/var/lib/left-behind', 'x')
    }
    await using host = await lease('trixie')
    expect(
      await host.run(['sh', '-c', 'doveconf -f protocol=imap -h mail_max_userip_connections | cat']),
    ).toBe('10\n')
    expect((await host.exec(['id', 'maillimit'])).code).not.toBe(0)
    expect((await host.exec(['test', '-e', '/var/lib/left-behind'])).code).toBe(1)
  })

  test('answers nothing while its network is cut, and the same connection goes on afterwards', async () => {
    await using host = await lease('trixie')
    await using held = await host.holdImapSessions({ user: 'taro@example.com', count: 1 })
    await host.cutNetwork()
    expect(await sshWithin(3, host, 'true')).toMatch(/timed out/)
    expect(held.stillOpen()).toBe(1)
    await host.restoreNetwork()
    expect(await ssh(host, 'hostname')).toBe(host.name)
    expect(held.stillOpen()).toBe(1)
  })

  test('can be frozen, with its connections open, and thawed', async () => {
    await using host = await lease('trixie')
    await host.freeze()
    expect(await sshWithin(3, host, 'true')).toMatch(/timed out/)
    await host.thaw()
    expect(await ssh(host, 'hostname')).toBe(host.name)
  })

  test('keeps its address, keys and files over a reboot', async () => {
    await using host = await lease('trixie')
    const oldBoot = await host.run(['cat', '/proc/sys/kernel/random/boot_id'])
    await setImapLimit(host, 12)
    await host.reboot()
    expect(await host.run(['cat', '/proc/sys/kernel/random/boot_id'])).not.toBe(oldBoot)
    expect(await ssh(host, 'hostname')).toBe(host.name)
    await using sessions = await host.holdImapSessions({ user: 'taro@example.com', count: 13 })
    expect(sessions.held).toBe(12)
  })

  test('shares this machine with others of its kind, each with its own addresses and processes', async () => {
    const hosts = await Promise.all(RELEASES.map((release) => lease(release)))
    await using _all = new AsyncDisposableStack()
    for (const host of hosts) _all.use(host)
    expect(new Set(hosts.map(({ address }) => address)).size).toBe(hosts.length)
    const [first, ...others] = hosts
    await first?.run(['systemctl', 'restart', 'dovecot'])
    await first?.powerCut()
    for (const host of others) expect(await host.login('taro@example.com')).toEqual({ state: 'held' })
  })
})
