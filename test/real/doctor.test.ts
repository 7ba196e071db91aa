import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installHelper } from '../../dev/mailhost/install-helper.ts'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import { runChecked } from '../../dev/mailhost/run.ts'
import { startWorkspace } from '../../dev/slack/workspace.ts'
import { maillimit, withoutWaiting } from '../cli/maillimit.ts'

describe.skipIf(noMailHosts())('maillimit doctor', () => {
  test.each(RELEASES)('tells the versions, limits, log and clock of a host of %s', async (release) => {
    await using slack = await startWorkspace()
    await using host = await lease(release, { name: 'mx1' })
    const { configPath } = await installHelper(host)
    const { code, stdout, stderr } = await maillimit(['doctor'], {
      ...slack.environment,
      MAIL_HOSTS: 'mx1',
      SSH_CONFIG: configPath,
    })
    expect([code, withoutWaiting(stderr)]).toEqual([0, ''])
    const found = stdout.slice(stdout.indexOf('Mail host mx1'))
    const version = (await host.run(['dovecot', '--version'])).split(' ')[0]?.trim()
    expect(found).toContain(`  ok   ssh -G: maillimit at ${host.address}, port 22\n`)
    expect(found).toContain(`  ok   Dovecot: ${version}, running\n`)
    for (const service of ['imap', 'pop3', 'submission', 'sieve']) {
      expect(found).toContain(`  ok   limit of ${service}: 10 (Dovecot's default)\n`)
    }
    expect(found).toMatch(
      new RegExp(`^ {2}ok {3}log: ${host.logPath} \\(\\d+ bytes\\) and 0 rotated files$`, 'm'),
    )
    expect(found).toMatch(/^ {2}ok {3}clock: \d\.\d s /m)
    expect(found).toContain("  ok   changes: yes, up to 100 (LIMIT_MAX; the host's cap is 100)\n")
  })

  test('shows the fingerprint of an unknown host, and its command pins exactly that key', async () => {
    await using slack = await startWorkspace()
    await using host = await lease('trixie', { name: 'mx1' })
    const { configPath, keyPath } = await installHelper(host)
    const ours = join(host.filesFolder, 'pinned-by-doctor')
    const environment = {
      ...slack.environment,
      MAIL_HOSTS: 'mx1',
      SSH_CONFIG: configPath,
      SSH_KEY: keyPath,
      SSH_KNOWN_HOSTS: ours,
    }
    const first = await maillimit(['doctor'], environment)
    expect(first.code).toBe(4)
    const console = await host.run(['ssh-keygen', '-lf', '/etc/ssh/ssh_host_ed25519_key.pub'])
    const fingerprint = console.split(' ')[1]
    expect(first.stdout).toContain(`  FAIL mx1 shows the host key ssh-ed25519 ${fingerprint}`)
    expect(first.stdout).toContain('run "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" and compare')

    const command = /^ {9}(printf .* >> .*)$/m.exec(first.stdout)?.[1] ?? ''
    await runChecked(['sh', '-c', command])
    const second = await maillimit(['doctor'], environment)
    expect(second.stdout).toContain(`  ok   host key: known (ssh-ed25519 ${fingerprint}, ${ours}:1)`)
    expect(second.code).toBe(0)
    const [type, key] = (await host.readFile('/etc/ssh/ssh_host_ed25519_key.pub')).toString().split(' ')
    expect(await readFile(ours, 'utf8')).toBe(`${host.address} ${type} ${key}\n`)
  })

  test('refuses a host whose key has changed, and still looks at the others', async () => {
    await using slack = await startWorkspace()
    await using host = await lease('trixie', { name: 'mx1' })
    const { configPath } = await installHelper(host)
    await host.run(['sh', '-c', 'rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh'])
    const { code, stdout } = await maillimit(['doctor'], {
      ...slack.environment,
      MAIL_HOSTS: 'mx1,local',
      SSH_CONFIG: configPath,
    })
    expect(code).toBe(4)
    expect(stdout).toMatch(
      /^ {2}FAIL mx1 shows the host key ssh-ed25519 SHA256:\S+, but \S+:\d+ pins ssh-ed25519 SHA256:/m,
    )
    expect(stdout).toContain('somebody stands in between')
    expect(stdout).toContain('Mail host local\n  FAIL local: the helper’s socket')
  })

  test('names a Dovecot that is down, a limit and its line, and what the host allows', async () => {
    await using slack = await startWorkspace()
    await using host = await lease('bookworm', { name: 'mx1' })
    const { configPath } = await installHelper(host)
    const file = '/etc/dovecot/conf.d/20-imap.conf'
    const stock = (await host.readFile(file)).toString()
    await host.writeFile(
      file,
      stock.replace('#mail_max_userip_connections = 10', 'mail_max_userip_connections = 33'),
    )
    const line = stock.split('\n').findIndex((text) => text.includes('#mail_max_userip_connections')) + 1
    await host.writeFile('/etc/maillimit.conf', 'max_limit = 30\nchanges = advise\n')
    await host.run(['systemctl', 'stop', 'dovecot'])
    const { code, stdout } = await maillimit(['doctor'], {
      ...slack.environment,
      MAIL_HOSTS: 'mx1',
      SSH_CONFIG: configPath,
    })
    expect(stdout).toMatch(/^ {2}FAIL Dovecot: \S+, not running\n {9}On mx1: systemctl status dovecot$/m)
    expect(stdout).toContain(`  warn limit of imap: 33 (${file}:${line}), which is at the host's cap of 30`)
    expect(stdout).toContain('  ok   changes: advise; plans are shown, without a button\n')
    expect(code).toBe(4)
  })
})
