import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import { run } from '../../dev/mailhost/run.ts'
import { connectHelper, NO_RATES } from './helper-client.ts'
import { IMAP } from './settled-change.ts'

describe.skipIf(noMailHosts())('host/install', () => {
  test('refuses anything but one public key, and leaves nothing behind', async () => {
    await using host = await lease('trixie')
    await connectHelper(host)
    const remove = await host.exec(['/root/host/install', '--remove'])
    expect(remove.code, remove.stderr).toBe(0)
    const key = (await host.readFile('/root/maillimit_key.pub')).toString()
    await run(['cp', join(host.filesFolder, 'maillimit_key'), join(host.filesFolder, 'private')])
    const files: Readonly<Record<string, string>> = {
      empty: '',
      two: `${key}${key}`,
      options: `command="/bin/sh" ${key}`,
      quoted: key.replace('ssh-ed25519 ', 'ssh-ed25519 AAAA" '),
      private: (await run(['cat', join(host.filesFolder, 'private')])).stdout,
      nonsense: 'ssh-ed25519 nonsense bot\n',
    }
    for (const [name, text] of Object.entries(files)) {
      await host.writeFile(`/root/${name}.pub`, text)
      const { code, stderr } = await host.exec(['/root/host/install', `/root/${name}.pub`])
      expect(code, name).toBe(1)
      expect(stderr, name).toContain('/root/')
    }
    expect((await host.exec(['/root/host/install'])).code).toBe(2)
    expect((await host.exec(['/root/host/install', '/root/none.pub'])).code).toBe(1)
    const left = await host.run([
      'sh',
      '-c',
      'ls -d /home/maillimit /usr/local/libexec/maillimit-host /etc/sudoers.d/maillimit /etc/systemd/system/maillimit-* 2>/dev/null; getent passwd maillimit || :',
    ])
    expect(left).toBe('')
    expect(await host.run(['ls', '/etc/maillimit.conf', '/var/lib/maillimit', '-d'])).toContain(
      'maillimit.conf',
    )
  })

  test('run again changes nothing; run with another key, the new key counts', async () => {
    await using host = await lease('bookworm')
    const client = await connectHelper(host)
    await host.writeFile('/etc/maillimit.conf', `${NO_RATES}max_limit = 33\n`)
    const state = (): Promise<string> =>
      host.run([
        'sh',
        '-c',
        'stat -c "%n %U:%G %a %Y" /home/maillimit /home/maillimit/.ssh /home/maillimit/.ssh/authorized_keys /etc/sudoers.d/maillimit /usr/local/libexec/maillimit-host /etc/maillimit.conf /etc/systemd/system/maillimit-heal.*; visudo -c -q',
      ])
    const before = await state()
    await host.run(['/root/host/install', '/root/maillimit_key.pub'])
    expect(await state()).toBe(before)
    expect(before).toContain('/etc/sudoers.d/maillimit root:root 440')
    expect(before).toContain('/home/maillimit/.ssh/authorized_keys root:root 644')
    expect((await client.ask('maillimit/1 hello')).text).toContain('max-limit\t33')
    expect(await host.run(['systemctl', 'is-active', 'maillimit-heal.timer'])).toBe('active\n')

    await host.run(['ssh-keygen', '-q', '-t', 'ecdsa', '-N', '', '-f', '/root/other'])
    await host.run(['/root/host/install', '/root/other.pub'])
    const { configPath, alias } = client.helper
    const withOldKey = await run(['ssh', '-F', configPath, alias], { input: 'maillimit/1 hello\n' })
    expect(withOldKey.stderr).toContain('Permission denied')
    expect((await host.run(['cat', '/home/maillimit/.ssh/authorized_keys'])).trim().split('\n')).toHaveLength(
      1,
    )
    expect(
      (await host.exec(['su', 'maillimit', '-c', `cat ${IMAP} >/dev/null; touch /home/maillimit/x`])).code,
    ).not.toBe(0)
  })

  test('refuses an account of that name that may do more than the bot', async () => {
    await using host = await lease('trixie')
    await host.run(['useradd', '--system', '--groups', 'sudo', 'maillimit'])
    await expect(connectHelper(host)).rejects.toThrow(/in the group sudo, .*gpasswd -d maillimit sudo/)
    await host.run(['gpasswd', '-d', 'maillimit', 'sudo'])
    await host.writeFile('/etc/sudoers.d/zz-site', 'maillimit ALL=(ALL:ALL) NOPASSWD: /usr/bin/id, /bin/ls\n')
    await host.run(['chmod', '0440', '/etc/sudoers.d/zz-site'])
    await expect(connectHelper(host)).rejects.toThrow(
      /sudo allows the account maillimit more .*\(ALL : ALL\) NOPASSWD: \/usr\/bin\/id, \/bin\/ls\. Take that out/,
    )
    expect((await host.exec(['test', '-e', '/home/maillimit/.ssh/authorized_keys'])).code).toBe(1)
    await host.run(['rm', '/etc/sudoers.d/zz-site'])
    await host.run(['usermod', '-o', '-u', '0', 'maillimit'])
    await expect(connectHelper(host)).rejects.toThrow(/has the user id 0/)
    await host.run(['userdel', '-f', 'maillimit'])
    await host.run(['useradd', '--system', '--shell', '/usr/sbin/nologin', 'maillimit'])
    const client = await connectHelper(host)
    expect((await client.ask('maillimit/1 hello')).end).toBe('ok hello')
  })

  test.each(RELEASES)('demands to see its own line in sudo on %s, and nothing else', async (release) => {
    await using host = await lease(release)
    await connectHelper(host)
    const again = () => host.exec(['/root/host/install', '/root/maillimit_key.pub'])
    const sudoers = (name: string, text: string) =>
      host.run(['sh', '-c', `cat >/etc/sudoers.d/${name} && chmod 0440 /etc/sudoers.d/${name}`], {
        input: text,
      })
    // What changes how a command runs, and no right.
    await sudoers('zz-defaults', 'Defaults!/usr/bin/id !lecture\nDefaults>root timestamp_timeout=1\n')
    expect(await again()).toMatchObject({ code: 0 })

    await sudoers('zz-site', 'maillimit ALL=(www-data) NOPASSWD: /usr/bin/id\n')
    const widened = await again()
    expect(widened.code).toBe(1)
    expect(widened.stderr).toMatch(
      /allows the account maillimit more .*\(www-data\) NOPASSWD: \/usr\/bin\/id\..*still works.*rm \/home\/maillimit/,
    )
    await sudoers('zz-site', 'maillimit ALL=(root) NOPASSWD: /usr/local/libexec/maillimit-host ""\n')
    expect((await again()).stderr).toMatch(/names the line of .* more than once/)
    await host.run(['rm', '/etc/sudoers.d/zz-site'])

    await host.run(['sed', '-i.before', '/includedir/d', '/etc/sudoers'])
    expect((await again()).stderr).toMatch(/does not name the line of .*not allowed to run sudo/)
    await host.run(['mv', '/etc/sudoers.before', '/etc/sudoers'])

    await host.run(['rm', '/home/maillimit/.ssh/authorized_keys'])
    await host.run(['mv', '/usr/bin/sudo', '/usr/bin/sudo-away'])
    await host.writeFile('/usr/bin/sudo', '#!/bin/sh\necho sudo: no ldap today >&2\nexit 1\n')
    await host.run(['chmod', '755', '/usr/bin/sudo'])
    const deaf = await again()
    expect(deaf.code).toBe(1)
    expect(deaf.stderr).toMatch(/fails, .*no ldap today.* was not put in place/)
    expect((await host.exec(['test', '-e', '/home/maillimit/.ssh/authorized_keys'])).code).toBe(1)
  })
})
