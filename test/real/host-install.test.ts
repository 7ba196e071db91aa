import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import { runChecked } from '../../dev/mailhost/run.ts'
import { writeSshConfig } from '../../dev/mailhost/ssh-config.ts'
import { startWorkspace } from '../../dev/slack/workspace.ts'
import { emptyFolder, follow, maillimit } from '../cli/maillimit.ts'

const HELPER = '/usr/local/libexec/maillimit-host'

async function makeKey(host: MailHost): Promise<string> {
  const path = join(host.filesFolder, 'bot-key')
  await runChecked(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', "it's the bot; $(id)", '-f', path])
  return path
}

/** An account of a person on the host, who logs in with the same key as root does. */
async function addAdmin(host: MailHost, name: string, sudoers: string | undefined): Promise<void> {
  await host.run(['useradd', '--create-home', '--shell', '/bin/bash', name])
  await host.run(['sh', '-c', `echo ${name}:secret-of-the-admin | chpasswd`])
  await host.run(['install', '-d', '-o', name, '-g', name, '-m', '700', `/home/${name}/.ssh`])
  const keys = ['/root/.ssh/authorized_keys', `/home/${name}/.ssh/authorized_keys`]
  await host.run(['install', '-o', name, '-g', name, '-m', '600', ...keys])
  if (sudoers === undefined) return
  await host.writeFile('/etc/sudoers.d/admins', `${sudoers}\n`)
  await host.run(['chmod', '440', '/etc/sudoers.d/admins'])
}

function install(host: MailHost, target: string, ...args: readonly string[]) {
  return maillimit(['host', 'install', target, ...args], { SSH_CONFIG: host.sshConfig })
}

async function leftOnHost(host: MailHost): Promise<string> {
  return host.run(['sh', '-c', 'ls -d /tmp/maillimit* 2>/dev/null || true'])
}

/** What `doctor` says with the bot's own key and account. */
async function doctor(host: MailHost, keyPath: string) {
  const { name: alias, address, hostKeys } = host
  await using slack = await startWorkspace()
  const files = await writeSshConfig(host.filesFolder, 'bot', {
    alias,
    address,
    user: 'maillimit',
    keyPath,
    hostKeys,
  })
  return await maillimit(['doctor'], {
    ...slack.environment,
    MAIL_HOSTS: alias,
    SSH_CONFIG: files.configPath,
  })
}

describe.skipIf(noMailHosts())('maillimit host install', () => {
  test.each(RELEASES)('makes a host of %s ready as root, and doctor finds it so', async (release) => {
    await using host = await lease(release, { name: 'mx1' })
    const key = await makeKey(host)
    const { code, stdout, stderr } = await install(host, 'mx1', '--key', `${key}.pub`)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /this will install[\s\S]+Copying[\s\S]+made the account maillimit[\s\S]+Done\. Next: /,
    )
    expect(await leftOnHost(host)).toBe('')

    const seen = await doctor(host, key)
    expect(seen.stdout).toContain('  ok   login: the host lets the bot in\n')
    expect(seen.stdout).toMatch(/ {2}ok {3}limit of imap: 10 \(Dovecot's default\)\n/)
    expect(seen.stdout).toContain('0 failed. The bot can run.\n')
    expect(seen.code).toBe(0)
  })

  test('is harmless when it is repeated, and --remove takes all away but the configuration', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    const key = await makeKey(host)
    await install(host, 'mx1', '--key', `${key}.pub`)
    await host.writeFile('/etc/maillimit.conf', 'max_limit = 40\n')
    const again = await install(host, 'mx1', '--key', `${key}.pub`)
    expect(again.code).toBe(0)
    expect(again.stdout).toContain(`${HELPER} is as it should be`)
    expect((await host.readFile('/etc/maillimit.conf')).toString()).toBe('max_limit = 40\n')
    expect((await doctor(host, key)).stdout).toContain("up to 40, the host's cap (LIMIT_MAX is 100)")

    const removed = await install(host, 'mx1', '--remove')
    expect(removed).toMatchObject({ code: 0, stderr: '' })
    expect(removed.stdout).toContain('removed the account maillimit')
    expect((await host.exec(['test', '-e', HELPER])).code).toBe(1)
    expect((await host.exec(['id', 'maillimit'])).code).toBe(1)
    expect((await host.readFile('/etc/maillimit.conf')).toString()).toBe('max_limit = 40\n')
    const seen = await doctor(host, key)
    expect(seen.stdout).toContain('  FAIL mx1 (')
    expect(seen.stdout).toContain('does not let maillimit in with')
    expect(seen.code).toBe(4)
    expect((await install(host, 'mx1', '--remove')).code).toBe(0)
  })

  test('works for an administrator who becomes root by sudo without a password', async () => {
    await using host = await lease('bookworm', { name: 'mx1' })
    await addAdmin(host, 'anna', 'anna ALL=(ALL) NOPASSWD: ALL')
    const key = await makeKey(host)
    const { code, stdout } = await install(host, 'anna@mx1', '--key', `${key}.pub`)
    expect(stdout).toContain('Running the installer there by sudo …')
    expect(code).toBe(0)
    expect(await leftOnHost(host)).toBe('')
    expect(await host.run(['stat', '-c', '%U %a', HELPER])).toBe('root 755\n')
  })

  test('lets sudo ask for a password on the terminal', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    await using folder = await emptyFolder()
    await addAdmin(host, 'anna', 'anna ALL=(ALL) ALL')
    const key = await makeKey(host)
    const entry = resolve(import.meta.dirname, '../../bin/maillimit.js')
    // script(1) gives it a terminal.
    const command = `${process.execPath} ${entry} host install anna@mx1 --key ${key}.pub`
    const child = spawn('script', ['-q', '-e', '-c', command, '/dev/null'], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder.path, SSH_CONFIG: host.sshConfig },
      stdio: 'pipe',
    })
    const running = follow(child)
    await running.until('password for anna')
    child.stdin.write('secret-of-the-admin\n')
    const { code, stdout } = await running.ended
    expect(stdout).toContain('made the account maillimit')
    expect(stdout).not.toContain('secret-of-the-admin')
    expect(code).toBe(0)
    expect(await leftOnHost(host)).toBe('')
  })

  test('says why an account that may not become root cannot, and leaves nothing there', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    await addAdmin(host, 'carl', undefined)
    const key = await makeKey(host)
    const { code, stderr } = await install(host, 'carl@mx1', '--key', `${key}.pub`)
    expect(stderr).toContain('sudo: ')
    expect(stderr).toContain('the login on carl@mx1 may not become root')
    expect(stderr).toContain('Without a terminal sudo cannot ask for a password')
    expect(code).toBe(4)
    expect(await leftOnHost(host)).toBe('')
    expect((await host.exec(['test', '-e', HELPER])).code).toBe(1)
  })

  test("tells the bot's own login, which has no shell, from an administrator's", async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    const key = await makeKey(host)
    await install(host, 'mx1', '--key', `${key}.pub`)
    const { name: alias, address, hostKeys } = host
    const user = 'maillimit'
    const bot = await writeSshConfig(host.filesFolder, 'bot', {
      alias,
      address,
      user,
      keyPath: key,
      hostKeys,
    })
    const { code, stderr } = await maillimit(['host', 'install', 'mx1', '--key', `${key}.pub`], {
      SSH_CONFIG: bot.configPath,
    })
    expect(stderr).toContain('the login on mx1 gives no shell')
    expect(stderr).toContain('maillimit host install YOU@mx1')
    expect(code).toBe(4)
  })

  test('touches nothing that is not Linux', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    const key = await makeKey(host)
    await host.run(['rm', '/usr/bin/uname'])
    await host.writeFile('/usr/bin/uname', '#!/bin/sh\necho FreeBSD\n')
    await host.run(['chmod', '755', '/usr/bin/uname'])
    const { code, stderr } = await install(host, 'mx1', '--key', `${key}.pub`)
    expect(stderr).toContain('mx1 does not run Linux (FreeBSD).')
    expect(code).toBe(4)
    expect(await leftOnHost(host)).toBe('')
  })

  test('repeats the words of an installer that fails', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    const key = await makeKey(host)
    await host.run(['mv', '/usr/bin/flock', '/usr/bin/flock-away'])
    const { code, stderr } = await install(host, 'mx1', '--key', `${key}.pub`)
    expect(stderr).toContain('maillimit: flock is missing on this host.')
    expect(stderr).toContain('the installer on mx1 did not finish')
    expect(code).toBe(4)
    expect(await leftOnHost(host)).toBe('')
  })

  test('takes the key from SSH_KEY, and sends nothing of it but its public half', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    const key = await makeKey(host)
    const { code } = await maillimit(['host', 'install', 'mx1'], { SSH_CONFIG: host.sshConfig, SSH_KEY: key })
    expect(code).toBe(0)
    const [type, encoded] = (await readFile(`${key}.pub`, 'utf8')).split(' ')
    expect((await host.readFile('/home/maillimit/.ssh/authorized_keys')).toString()).toBe(
      `restrict,command="sudo -n ${HELPER}" ${type} ${encoded} its-the-bot-id\n`,
    )
    await writeFile(`${key}.pub`, await readFile(key))
    const refused = await maillimit(['host', 'install', 'mx1'], { SSH_CONFIG: host.sshConfig, SSH_KEY: key })
    expect(refused.stderr).toContain('is a private key. It never leaves this machine; nothing was sent.')
    expect(refused.code).toBe(2)
  })

  test('names a host that is out of reach', async () => {
    await using host = await lease('trixie', { name: 'mx1' })
    const key = await makeKey(host)
    await host.run(['systemctl', 'stop', 'ssh.service', 'ssh.socket'])
    const { code, stderr } = await install(host, 'mx1', '--key', `${key}.pub`)
    expect(stderr).toContain('Connection refused')
    expect(stderr).toContain('ssh did not log in on mx1; its own words stand above. Nothing was installed.')
    expect(stderr).toContain(`Try by hand: ssh -F ${host.sshConfig} `)
    expect(code).toBe(4)
  })
})
