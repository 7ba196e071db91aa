import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { armFaultPoints, faultAt, faultPointsOf, faultReached } from './fault-points.ts'
import { approval, connectHelper, NO_RATES } from './helper-client.ts'
import { sampleOf } from './sample.ts'
import { until } from './until.ts'
import { expectWhole, settledEnd, worldOf } from './settled-change.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']

describe.skipIf(noMailHosts())('a helper that is killed', () => {
  describe.concurrent.each(VERSIONS)('on %s', (release) => {
    test('at any of its programs leaves the old world or the new one, and says which', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      await armFaultPoints(host)
      const points = await faultPointsOf(host, 'undisturbed', async () => client.raise('undisturbed', 11))
      expect(points.length).toBeGreaterThan(40)
      const outcomes: string[] = []
      const failures: string[] = []
      for (const [number, point] of sampleOf(points, 5).entries()) {
        const id = `crash-${String(number).padStart(4, '0')}`
        const before = await worldOf(host)
        const value = Number(before.value) + 1
        const wanted = `service=imap value=${value}`
        const digest = await client.digest(wanted)
        await faultAt(host, id, point, 'kill')
        const heard = client.ask(`maillimit/1 apply id=${id} ${wanted} digest=${digest} ${approval()}`)
        const call = await faultReached(host)
        const end = await settledEnd(client, number % 2 === 0 ? 'status' : 'void', id)
        outcomes.push(`${point.step}\t${point.nth}\t${call.slice(0, 60)}\t${end}`)
        try {
          await expectWhole(host, end, before, String(value))
          expect((await heard).end, 'what the connection heard').toBe(end)
        } catch (error) {
          failures.push(`${outcomes.at(-1)}: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
      console.log(outcomes.join('\n'))
      expect(failures.join('\n')).toBe('')
      expect((await host.login('taro@example.com')).state).not.toBe('refused')
    }, 600_000)

    test('while it undoes a change has that undone, and says so', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      await host.run(['mkdir', '-p', '/etc/systemd/system/dovecot.service.d'])
      await host.writeFile(
        '/etc/systemd/system/dovecot.service.d/fails-once.conf',
        "[Service]\nExecReload=\nExecReload=/bin/sh -c 'if rm /run/no-reload 2>/dev/null; then exit 1; fi; exec doveadm reload'\n",
      )
      await host.run(['systemctl', 'daemon-reload'])
      await armFaultPoints(host)
      const failing = async (id: string, value: number): Promise<string> => {
        const wanted = `service=imap value=${value}`
        const digest = await client.digest(wanted)
        await host.run(['touch', '/run/no-reload'])
        return `maillimit/1 apply id=${id} ${wanted} digest=${digest} ${approval()}`
      }
      const request = await failing('not-killed-1', 20)
      const all = await faultPointsOf(host, 'not-killed-1', async () => client.ask(request))
      // In the place of "proof" and what follows stand "restore", "revalidate" and "rereload".
      const points = all.filter(({ step }) => ['proof', 'effective', 'after', 'end'].includes(step))
      expect(points.length).toBeGreaterThan(12)
      const ends: string[] = []
      for (const [number, point] of sampleOf(points, 4).entries()) {
        const id = `undone-${String(number).padStart(4, '0')}`
        const before = await worldOf(host)
        const value = Number(before.value) + 1
        const apply = await failing(id, value)
        await faultAt(host, id, point, 'kill')
        const heard = client.ask(apply)
        const call = await faultReached(host)
        const end = await settledEnd(client, number % 2 === 0 ? 'status' : 'void', id)
        ends.push(`${point.step} ${point.nth}: ${end} (${call.slice(0, 60)})`)
        await expectWhole(host, end, before, String(value))
        expect((await heard).end, ends.join('\n')).toBe(end)
        const undoing = (await client.ask(`maillimit/1 status id=${id}`)).text.includes('put back')
        // Before it is set down that the change is to be undone, finishing it is as good.
        expect(undoing, ends.join('\n')).toBe(true)
        if (point.step !== 'proof') expect(end, ends.join('\n')).toBe('failed restored')
      }
      expect(ends.join('\n')).toContain('failed restored')
      await host.run(['rm', '-f', '/run/no-reload'])
    }, 600_000)

    test('at the last words of a change has not ended: half a record is none', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      expect((await client.raise('half-an-end', 11)).end).toBe('ok applied')
      // What a full disk and a kill leave of "end ok applied", and of the step before.
      for (const left of [
        'truncate -s -5 transcript',
        "sed -i '$d' transcript; truncate -s -30 transcript",
      ]) {
        await host.run([
          'sh',
          '-c',
          // Once the helper is gone that told the end before it tidied up.
          `cd /var/lib/maillimit/records/half-an-end && flock -w 20 alive true && ${left} && echo half-an-end >../../open`,
        ])
        // The timer may be quicker.
        expect((await client.ask('maillimit/1 heal')).end).toMatch(/^ok /)
        expect(await settledEnd(client, 'status', 'half-an-end')).toBe('ok applied')
        const { text, end, records } = await client.ask('maillimit/1 status id=half-an-end')
        expect(end).toBe('ok applied')
        expect(text).toMatch(/^step\theal\tok\t/m)
        expect(text.match(/^end/gm)).toEqual(['end'])
        for (const fields of records) expect(fields, text).toHaveLength(5)
        expect((await worldOf(host)).value).toBe('11')
      }
    })

    test('by a power cut before its record was durable was ended before it had changed anything', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      expect((await client.raise('never-durable', 11)).end).toBe('ok applied')
      // A file system gives back the names, but not what was in the files.
      await host.run([
        'sh',
        '-c',
        'cd /var/lib/maillimit/records && mkdir emptied-001 && cd emptied-001 && touch words request job transcript begun alive',
      ])
      expect(await settledEnd(client, 'void', 'emptied-001')).toBe('refused interrupted')
      expect((await client.raise('after-that-1', 12)).end).toBe('ok applied')
    })

    test("while the host goes down is settled at the next boot: that Dovecot refuses a reload then is nobody's fault", async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      await host.run(['mkdir', '-p', '/etc/systemd/system/dovecot.service.d'])
      await host.writeFile(
        '/etc/systemd/system/dovecot.service.d/slow-stop.conf',
        '[Service]\nExecStop=\nExecStop=/bin/sh -c "touch /run/stopping; while [ ! -e /run/healed ]; do sleep 0.1; done"\n',
      )
      await host.run(['systemctl', 'daemon-reload'])
      await armFaultPoints(host)
      const wanted = 'service=imap value=11'
      const digest = await client.digest(wanted)
      await faultAt(host, 'going-down-1', { step: 'diff', call: '*', nth: 1 }, 'hold')
      const heard = client.ask(`maillimit/1 apply id=going-down-1 ${wanted} digest=${digest} ${approval()}`)
      await faultReached(host)

      const again = host.reboot()
      await until(
        async () => (await host.exec(['test', '-e', '/run/stopping'])).code,
        (code) => code === 0,
      )
      // As whoever watched the helper for the connection does, if that is still there.
      const healing = await host.exec(['/usr/local/libexec/maillimit-host'], { input: 'maillimit/1 heal\n' })
      expect(healing.stdout).not.toMatch(/needs-operator|restored/)
      await host.exec(['touch', '/run/healed'])
      await again
      await heard
      client.disconnect()
      const end = await settledEnd(client, 'status', 'going-down-1')
      expect(end, (await client.ask('maillimit/1 status id=going-down-1')).text).toBe('ok applied')
      expect((await worldOf(host)).value).toBe('11')
      expect((await host.login('taro@example.com')).state).toBe('held')
    })

    test('is not taken for a failure where systemd answers nobody any more, as just before the host is off', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      await host.writeFile(
        '/root/systemctl',
        `#!/bin/sh
case " $* " in
*' is-system-running '*)
  echo asked >>/run/asked
  [ -e /run/is-back ] || { [ "$(wc -l </run/asked)" -lt 3 ] || echo stopping; exit 1; }
  ;;
*' reload dovecot.service '*) [ -e /run/is-back ] || exit 1 ;;
esac
exec systemctl.real "$@"
`,
      )
      await host.run([
        'sh',
        '-c',
        'cd /usr/bin && cp systemctl systemctl.real && install -m 755 /root/systemctl systemctl.new && mv systemctl.new systemctl',
      ])
      const raised = client.raise('no-answer-1', 11)
      await until(
        async () => (await host.exec(['sh', '-c', 'wc -l </run/asked'])).stdout,
        (asked) => Number(asked) >= 3,
      )
      await host.run(['touch', '/run/is-back'])
      const { end, text } = await raised
      expect(end, text).toBe('ok applied')
      expect((await worldOf(host)).value).toBe('11')

      // Stuck for good: the old file comes back in the end.
      await host.run(['sh', '-c', 'rm /run/is-back; yes asked | head -n 2 >/run/asked'])
      await host.run(['sed', '-i', 's/ || echo stopping//', '/usr/bin/systemctl'])
      const stuck = await client.raise('no-answer-2', 12)
      expect(stuck.text).toContain('step\treload\tfailed')
      expect(stuck.end, stuck.text).toBe('failed needs-operator')
      expect((await worldOf(host)).value).toBe('11')
    })

    test('is cleaned up after by the timer, and at boot before Dovecot starts, without anybody asking', async () => {
      await using host = await lease(release, { disk: 'xfs' })
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      await armFaultPoints(host)
      const points = await faultPointsOf(host, 'undisturbed', async () => client.raise('undisturbed', 11))
      // The first one after the folder was synced: a power cut before that may undo the rename, and then the old file is right.
      const installed = points.find(({ step }) => step === 'diff')
      if (installed === undefined) throw new Error('no step named diff')
      const cutShort = async (
        id: string,
        value: number,
        what: 'kill' | 'hold',
      ): Promise<Promise<unknown>[]> => {
        const wanted = `service=imap value=${value}`
        const request = `apply id=${id} ${wanted} digest=${await client.digest(wanted)} ${approval()}`
        await host.run(['sync'])
        await faultAt(host, id, installed, what)
        const heard = client.ask(`maillimit/1 ${request}`)
        await faultReached(host)
        return [heard]
      }
      const endOf = async (id: string): Promise<string> =>
        (await host.run(['tail', '-n', '1', `/var/lib/maillimit/records/${id}/transcript`])).trim()

      const [power] = await cutShort('power-cut-1', 12, 'hold')
      await host.powerCut()
      client.disconnect()
      await power
      await host.powerOn()
      expect(await endOf('power-cut-1')).toBe('end\tok\tapplied')
      const times = await host.run([
        'systemctl',
        'show',
        '--timestamp=unix',
        '-p',
        'ActiveEnterTimestampMonotonic',
        '-p',
        'ExecMainExitTimestampMonotonic',
        'maillimit-heal.service',
        'dovecot.service',
      ])
      const healed = Number(/ExecMainExitTimestampMonotonic=(\d+)/.exec(times)?.[1])
      const dovecot = Number([...times.matchAll(/ActiveEnterTimestampMonotonic=(\d+)/g)].at(-1)?.[1])
      expect(healed).toBeGreaterThan(0)
      expect(healed).toBeLessThan(dovecot)

      // The connection hangs up too, so that nobody is left who would notice.
      void (await cutShort('killed-0001', 13, 'kill'))
      client.disconnect()
      await host.run(['systemctl', 'start', 'maillimit-heal.service'])
      // Whoever watched the helper for the connection may be at it already, and the service leaves it to them.
      await until(
        () => endOf('killed-0001'),
        (end) => end === 'end\tok\tapplied',
      )
      expect((await worldOf(host)).value).toBe('13')
    }, 120_000)
  })
})
