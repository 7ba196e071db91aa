import { describe, expect, onTestFinished, test } from 'vitest'
import { installHelper, type InstalledHelper } from '../../dev/mailhost/install-helper.ts'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost as Machine } from '../../dev/mailhost/mail-host.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { LinkState } from '../../src/hosts/host-link.ts'
import { openMailHosts, type OpenMailHost } from '../../src/hosts/open-mail-hosts.ts'
import type { FollowRecord } from '../../src/logs/host-stream.ts'
import type { TranscriptEnd, TranscriptRecord } from '../../src/remediation/mail-host.ts'

const USER = 'taro@example.com'

function open(helper: InstalledHelper): OpenMailHost {
  const [host] = openMailHosts(
    {
      mailHosts: [helper.alias],
      configFile: helper.configPath,
      knownHostsFile: undefined,
      keyFile: undefined,
    },
    systemClock,
  )
  if (host === undefined) throw new Error('no host')
  onTestFinished(async () => host.close())
  return host
}

async function listen(
  transcript: AsyncGenerator<TranscriptRecord, TranscriptEnd, void>,
): Promise<{ records: readonly TranscriptRecord[]; end: TranscriptEnd }> {
  const records: TranscriptRecord[] = []
  for (;;) {
    const next = await transcript.next()
    if (next.done) return { records, end: next.value }
    records.push(next.value)
  }
}

function reached(host: OpenMailHost, kind: LinkState['kind']): Promise<LinkState> {
  return new Promise((resolve) => {
    const stop = host.onState((state) => {
      if (state.kind !== kind) return
      stop()
      resolve(state)
    })
  })
}

async function effective(machine: Machine): Promise<string> {
  return (await machine.run(['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections'])).trim()
}

describe.skipIf(noMailHosts())('the conversation with a real mail host', () => {
  describe.each(['bookworm', 'trixie'] as const)('on %s', (release) => {
    test('hello, who, plan, apply, status, rollback and void', async () => {
      await using machine = await lease(release)
      const { mailHost, hostStream } = open(await installHelper(machine))
      await machine.writeFile('/etc/maillimit.conf', 'seconds_between_raises = 0\n')

      const facts = await mailHost.hello()
      expect(facts).toMatchObject({
        protocol: 1,
        dovecotVersion: expect.stringMatching(release === 'trixie' ? /^2\.4\./ : /^2\.3\./),
        dovecotRunning: true,
        hostname: machine.name,
        log: { kind: 'file', path: machine.logPath },
        maxLimit: 100,
        changes: 'yes',
      })
      expect(facts.os).toContain('Debian')
      expect(facts.limits).toContainEqual(expect.objectContaining({ service: 'imap', value: 10 }))
      expect(Math.abs(facts.clockOffsetMs)).toBeLessThan(20_000)

      await using held = await machine.holdImapSessions({ user: USER, count: 12 })
      expect(held.held).toBe(10)
      const sessions = await mailHost.who(USER)
      expect(sessions).toHaveLength(10)
      expect(sessions[0]).toMatchObject({ user: USER, service: 'imap', ip: machine.ourAddress })
      expect(await mailHost.who('*')).toEqual([])

      expect((await hostStream.files()).find((file) => file.live)).toMatchObject({
        path: machine.logPath,
        compression: 'none',
      })

      const raise = { kind: 'raise', service: 'imap', value: 20, client: machine.ourAddress } as const
      const answer = await mailHost.plan(raise)
      if (answer.kind !== 'plan') throw new Error(JSON.stringify(answer))
      expect(answer.plan).toMatchObject({ oldValue: 10, newValue: 20, impact: { sessions: 10 } })
      expect(answer.plan.diff.map((line) => `${line.sign}${line.text.trim()}`)).toContain(
        '+mail_max_userip_connections = 20',
      )

      const request = {
        id: 'change-0001',
        service: 'imap',
        value: 20,
        client: machine.ourAddress,
        digest: answer.plan.digest,
        actor: 'U012AB3CD',
        expiresAtMs: Date.now() + 600_000,
      }
      const transcript = await listen(mailHost.apply(request))
      expect(transcript.end).toEqual({ kind: 'applied' })
      expect(transcript.records.filter((record) => record.kind === 'step').map((step) => step.name)).toEqual(
        expect.arrayContaining([
          'lock',
          'backup',
          'install',
          'validate',
          'reload',
          'proof',
          'effective',
          'after',
        ]),
      )
      expect(await effective(machine)).toBe('20')
      expect(await mailHost.status('change-0001')).toEqual(transcript)
      expect(await listen(mailHost.apply(request))).toEqual(transcript)
      expect((await listen(mailHost.apply({ ...request, actor: 'U999' }))).end).toEqual({
        kind: 'refused',
        code: 'id-reused',
      })

      const back = await mailHost.plan({ kind: 'rollback', of: 'change-0001' })
      if (back.kind !== 'plan') throw new Error(JSON.stringify(back))
      const { digest } = back.plan
      const rolledBack = {
        id: 'change-0002',
        of: 'change-0001',
        digest,
        actor: 'U1',
        expiresAtMs: Date.now() + 60_000,
      }
      expect((await listen(mailHost.rollback(rolledBack))).end).toEqual({ kind: 'rolled-back' })
      expect(await effective(machine)).toBe('10')

      expect((await mailHost.status('change-0003')).end).toEqual({ kind: 'unknown' })
      expect((await mailHost.void('change-0003')).end).toEqual({ kind: 'voided' })
      expect((await mailHost.void('change-0003')).end).toEqual({ kind: 'voided' })
      expect((await mailHost.status('change-0003')).end).toEqual({ kind: 'voided' })
      expect((await listen(mailHost.apply({ ...request, id: 'change-0003' }))).end).toEqual({
        kind: 'refused',
        code: 'voided',
      })
      expect(
        (await listen(mailHost.apply({ ...request, id: 'change-0004', expiresAtMs: Date.now() - 5000 }))).end,
      ).toEqual({
        kind: 'refused',
        code: 'expired',
      })
      expect(await mailHost.plan({ ...raise, value: 5 })).toMatchObject({ kind: 'refused', code: 'lower' })
      expect(await effective(machine)).toBe('10')
    })

    test('a refused login reaches the follower, and the follow ends with its abort', async () => {
      await using machine = await lease(release)
      const { hostStream } = open(await installHelper(machine))
      const abort = new AbortController()
      const seen: FollowRecord[] = []
      const following = (async () => {
        const request = { kind: 'file', path: machine.logPath, offset: 'end', mark: undefined } as const
        for await (const record of hostStream.follow(request, abort.signal)) seen.push(record)
      })()
      following.catch(() => {})
      await expect.poll(() => seen[0]?.kind).toBe('at')
      await using held = await machine.holdImapSessions({ user: USER, count: 11 })
      expect(held.refused).toBe(1)
      const lines = () =>
        seen.filter((record) => record.kind === 'line').map((line) => Buffer.from(line.raw).toString())
      await expect.poll(lines).toEqual([expect.stringContaining('mail_max_userip_connections')])
      await expect.poll(() => seen.some((record) => record.kind === 'beat')).toBe(true)
      abort.abort(new Error('enough'))
      await expect(following).rejects.toThrow('enough')
      await expect.poll(async () => (await machine.exec(['pgrep', '-f', 'maillimit-host'])).stdout).toBe('')
    })
  })

  test('a network that swallows everything is noticed within 15 s, and the host is reached again afterwards', async () => {
    await using machine = await lease('trixie')
    const host = open(await installHelper(machine))
    await host.mailHost.hello()
    const down = reached(host, 'down')
    await machine.cutNetwork()
    const cutAtMs = performance.now()
    const asked = host.mailHost.hello()
    await expect(asked).rejects.toMatchObject({ code: 'connection-lost', retryable: true })
    expect(performance.now() - cutAtMs).toBeLessThan(15_000)
    expect(await down).toMatchObject({ fault: { code: 'connection-lost' } })
    const up = reached(host, 'up')
    await machine.restoreNetwork()
    await up
    expect((await host.mailHost.hello()).hostname).toBe(machine.name)
  })
})
