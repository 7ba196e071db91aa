import { describe, expect, onTestFinished, test } from 'vitest'
import { installHelper } from '../../dev/mailhost/install-helper.ts'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost as Machine } from '../../dev/mailhost/mail-host.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openMailHosts, type OpenMailHost } from '../../src/hosts/open-mail-hosts.ts'
import { helperLog, seenFromOutside } from './host-state.ts'

const SOCKET = '/run/maillimit-host.sock'

/** The socket unit, unless the installer has made it. */
async function listen(machine: Machine): Promise<void> {
  if ((await machine.exec(['systemctl', 'is-active', '--quiet', 'maillimit-host.socket'])).code === 0) return
  const units = '/etc/systemd/system'
  await machine.writeFile(
    `${units}/maillimit-host.socket`,
    `[Socket]\nListenStream=${SOCKET}\nAccept=yes\nSocketMode=0660\nSocketGroup=maillimit\n`,
  )
  await machine.writeFile(
    `${units}/maillimit-host@.service`,
    '[Service]\nExecStart=/usr/local/libexec/maillimit-host\nStandardInput=socket\nStandardOutput=socket\nStandardError=journal\n',
  )
  await machine.run(['systemctl', 'daemon-reload'])
  await machine.run(['systemctl', 'start', 'maillimit-host.socket'])
}

/** As the bot on the host would see it; a socket is reached by its path, in whatever mount namespace that is. */
function open(machine: Machine): OpenMailHost {
  const [host] = openMailHosts(
    {
      mailHosts: ['local'],
      localSocket: seenFromOutside(machine, SOCKET),
      configFile: undefined,
      knownHostsFile: undefined,
      keyFile: undefined,
    },
    systemClock,
  )
  if (host === undefined) throw new Error('no host')
  onTestFinished(async () => host.close())
  return host
}

describe.skipIf(noMailHosts())('the conversation over the helper’s socket', () => {
  test('hello, who, files, plan, apply and status', async () => {
    await using machine = await lease('trixie')
    await installHelper(machine)
    await listen(machine)
    const { mailHost, hostStream } = open(machine)

    expect(await mailHost.hello()).toMatchObject({ hostname: machine.name, dovecotRunning: true })
    await using held = await machine.holdImapSessions({ user: 'taro@example.com', count: 3 })
    expect(held.held).toBe(3)
    expect(await mailHost.who('taro@example.com')).toHaveLength(3)
    expect((await hostStream.files()).map((file) => file.path)).toContain(machine.logPath)

    const answer = await mailHost.plan({ kind: 'raise', service: 'imap', value: 20, client: undefined })
    if (answer.kind !== 'plan') throw new Error(JSON.stringify(answer))
    const names: string[] = []
    const change = mailHost.apply({
      id: 'change-0001',
      service: 'imap',
      value: 20,
      client: undefined,
      digest: answer.plan.digest,
      actor: 'U1',
      expiresAtMs: Date.now() + 60_000,
    })
    for await (const record of change)
      if (record.kind === 'step') names.push(`${record.name} ${record.state}`)
    expect(names).toEqual(expect.arrayContaining(['reload ok', 'proof ok', 'effective ok']))
    expect((await mailHost.status('change-0001')).end).toEqual({ kind: 'applied' })
    // The link's first knock asks for nothing; what stands in the host's log is misuse.
    expect((await helperLog(machine)).join('\n')).not.toContain('refused')
  })

  test('a refused login reaches the follower', async () => {
    await using machine = await lease('bookworm')
    await installHelper(machine)
    await listen(machine)
    const { hostStream } = open(machine)
    const abort = new AbortController()
    const lines: string[] = []
    const kinds: string[] = []
    const request = { kind: 'file', path: machine.logPath, offset: 'end', mark: undefined } as const
    const following = (async () => {
      for await (const record of hostStream.follow(request, abort.signal)) {
        kinds.push(record.kind)
        if (record.kind === 'line') lines.push(Buffer.from(record.raw).toString())
      }
    })()
    following.catch(() => {})
    await expect.poll(() => kinds[0]).toBe('at')
    await using held = await machine.holdImapSessions({ user: 'taro@example.com', count: 11 })
    expect(held.refused).toBe(1)
    await expect.poll(() => lines.length).toBe(1)
    abort.abort(new Error('enough'))
    await expect(following).rejects.toThrow('enough')
  })
})
