import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import { reloadDovecot } from '../../dev/mailhost/reload-dovecot.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { approval, changedLines, connectHelper, field, NO_RATES, refusal, steps } from './helper-client.ts'
import type { HelperClient } from './helper-client.ts'
import { until } from './until.ts'
import { helperLog } from './host-state.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']
const IMAP = '/etc/dovecot/conf.d/20-imap.conf'
const ALL_STEPS = [
  'lock ok',
  'heal skipped',
  'check ok',
  'try ok',
  'backup ok',
  'write ok',
  'install ok',
  'diff ok',
  'validate ok',
  'before ok',
  'reload ok',
  'proof ok',
  'effective ok',
  'after ok',
]

async function helperOn(host: MailHost, configuration = NO_RATES): Promise<HelperClient> {
  const client = await connectHelper(host)
  await host.writeFile('/etc/maillimit.conf', configuration)
  return client
}

async function effective(host: MailHost): Promise<string> {
  return (await host.run(['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections'])).trim()
}

async function attributes(host: MailHost, path: string): Promise<string> {
  const acl = await host.run(['getfacl', '-c', '-p', path])
  return (await host.run(['stat', '-c', '%U %G %a', path])) + acl
}

/** Everything that must be as it was when the host refuses: the files, their dates, what is in force. */
async function stateOf(host: MailHost): Promise<string> {
  const files = await host.run(['sh', '-c', 'cd /etc/dovecot; find . -printf "%p %T@ %C@ %m %U\\n" | sort'])
  return `${files}${await host.run(['pgrep', '-x', '-f', 'dovecot/log'])}${await effective(host)}`
}

describe.skipIf(noMailHosts())('the helper', () => {
  describe.concurrent.each(RELEASES)('on %s', (release) => {
    test('raises the limit: backup, one changed line, proof, and the 13th login succeeds', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      await host.run(['chown', 'root:mail', IMAP])
      await host.run(['chmod', '0640', IMAP])
      await host.run(['setfacl', '-m', 'u:mallory:r', IMAP])
      await reloadDovecot(host)
      const before = { content: await host.readFile(IMAP), attributes: await attributes(host, IMAP) }
      await using held = await host.holdImapSessions({ user: 'taro@example.com', count: 12 })
      expect([held.held, held.refused]).toEqual([10, 2])

      const answer = await client.raise('raise-0001', 20, { client: host.ourAddress })
      expect(answer.end, answer.text).toBe('ok applied')
      expect(steps(answer)).toEqual(ALL_STEPS)
      expect(changedLines(answer)).toEqual(['+  mail_max_userip_connections = 20'])

      const backups = (await host.run(['sh', '-c', `ls ${IMAP}.*`])).trim().split('\n')
      expect(backups).toEqual([expect.stringMatching(/20-imap\.conf\.\d{8}-\d{6}$/)])
      expect(await host.readFile(backups[0] ?? '')).toEqual(before.content)
      expect(await attributes(host, backups[0] ?? '')).toBe(before.attributes)
      expect(await attributes(host, IMAP)).toBe(before.attributes)
      expect(await effective(host)).toBe('20')
      await using more = await host.holdImapSessions({ user: 'taro@example.com', count: 3 })
      expect([more.held, more.refused]).toEqual([3, 0])
      expect(await helperLog(host)).toContain(
        `id raise-0001 actor U0TEST: raise imap from 10 to 20 in ${IMAP}`,
      )

      const undone = await client.rollBack('back-0001', 'raise-0001')
      expect(undone.end, undone.text).toBe('ok rolled-back')
      expect(await host.readFile(IMAP)).toEqual(before.content)
      expect(await attributes(host, IMAP)).toBe(before.attributes)
      expect(await effective(host)).toBe('10')
      expect(await leftovers(host)).toBe('')
    })
  })

  describe.concurrent.each(VERSIONS)('on %s', (release) => {
    test('does one thing once for one id, tells it again, and refuses the id for anything else', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const wanted = `service=imap value=20 digest=${await client.digest('service=imap value=20')} ${approval()}`
      const both = await Promise.all([
        client.ask(`maillimit/1 apply id=twice-0001 ${wanted}`),
        client.ask(`maillimit/1 apply id=twice-0001 ${wanted}`),
      ])
      expect(both.map(({ end }) => end)).toEqual(['ok applied', 'ok applied'])
      expect(both[0].text).toBe(both[1].text)
      expect((await client.ask('maillimit/1 status id=twice-0001')).text).toBe(both[0].text)
      expect((await client.ask('maillimit/1 void id=twice-0001')).text).toBe(both[0].text)
      expect((await host.run(['sh', '-c', `ls ${IMAP}.*`])).trim().split('\n')).toHaveLength(1)

      const other = await client.ask(
        `maillimit/1 apply id=twice-0001 ${wanted.replace('value=20', 'value=21')}`,
      )
      expect(other.end).toBe('refused id-reused')
      expect((await client.ask('maillimit/1 status id=never-seen')).end).toBe('refused unknown')
      expect((await client.ask('maillimit/1 void id=never-seen')).end).toBe('ok voided')
      expect((await client.ask('maillimit/1 void id=never-seen')).end).toBe('ok voided')
      expect((await client.ask(`maillimit/1 apply id=never-seen ${wanted}`)).end).toBe('refused voided')
      expect(await effective(host)).toBe('20')

      const line = (await host.run(['grep', '-n', '^  mail_max_userip_connections', IMAP])).split(':')[0]
      for (const [seconds, told] of [
        ['1795489920.2509', '1795489920250'],
        ['1795489920', '1795489920000'],
        ['-5', '-'],
      ]) {
        await host.run(['touch', '-d', `@${seconds}`, IMAP])
        const hello = await client.ask('maillimit/1 hello')
        expect(hello.records).toContainEqual(['limit', 'imap', '20', IMAP, line, told])
        expect(hello.records).toContainEqual(['limit', 'pop3', '10', '-', '-', '-'])
      }
    })

    test('makes one change of two approvals at once, and refuses the other for its digest', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const first = await client.digest('service=imap value=20')
      const second = await client.digest('service=imap value=25')
      const answers = await Promise.all([
        client.ask(`maillimit/1 apply id=first-001 service=imap value=20 digest=${first} ${approval()}`),
        client.ask(`maillimit/1 apply id=second-01 service=imap value=25 digest=${second} ${approval()}`),
      ])
      const ends = answers.map(({ end }) => end).toSorted()
      expect(ends[0]).toBe('ok applied')
      expect(['refused digest', 'refused lower']).toContain(ends[1])
      expect((await host.run(['sh', '-c', `ls ${IMAP}.*`])).trim().split('\n')).toHaveLength(1)
    })

    test('refuses what has drifted, is broken, stopped or not yet reloaded, and leaves the host as it was', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const digest = await client.digest('service=imap value=20')
      const apply = (id: string, more = approval()) =>
        client.ask(`maillimit/1 apply id=${id} service=imap value=20 digest=${digest} ${more}`)
      const stock = await host.readFile(IMAP)

      let untouched = await stateOf(host)
      expect((await apply('expired-01', approval(-1))).end).toBe('refused expired')
      expect((await apply('too-far-01', approval(90_000))).end).toBe('refused expires')
      expect(
        (
          await client.ask(
            `maillimit/1 apply id=misfit-01 service=imap value=20 digest=${'0'.repeat(64)} ${approval()}`,
          )
        ).end,
      ).toBe('refused digest')
      expect(await stateOf(host)).toBe(untouched)

      await host.writeFile(IMAP, `${stock.toString()}# a colleague was here\n`)
      untouched = await stateOf(host)
      const unreloaded = await apply('drift-0001')
      expect(unreloaded.end).toBe('refused unreloaded-edit')
      expect(refusal(unreloaded)).toEqual(['unreloaded-edit', IMAP, '-'])
      expect(await stateOf(host)).toBe(untouched)

      await host.run(['systemctl', 'reload', 'dovecot'])
      await settled(client)
      expect((await apply('drift-0002')).end).toBe('refused digest')

      await host.writeFile(IMAP, `${stock.toString()}this is no setting\n`)
      const lines = stock.toString().split('\n').length
      const broken = await client.ask('maillimit/1 plan service=imap value=20')
      expect(broken.end).toBe('refused broken')
      expect(refusal(broken)).toEqual(['broken', IMAP, String(lines)])
      expect((await apply('broken-001')).end).toBe('refused broken')

      await host.writeFile(IMAP, stock)
      await host.run(['systemctl', 'stop', 'dovecot'])
      expect((await client.ask('maillimit/1 plan service=imap value=20')).end).toBe('refused not-running')
      expect((await apply('stopped-01')).end).toBe('refused not-running')
      expect((await client.ask('maillimit/1 hello')).end).toBe('ok hello')
      expect(await host.run(['sh', '-c', `ls ${IMAP}*`])).toBe(`${IMAP}\n`)
    })

    test('refuses what was removed or leads elsewhere since it looked, and names that hide a file', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const plan = async () => client.ask('maillimit/1 plan service=imap value=20')
      const reload = async (script: string) => {
        await host.run(['sh', '-c', `cd /etc/dovecot/conf.d; ${script}; systemctl reload dovecot`])
        await settled(client)
      }
      const expectUnreloaded = async (path: string) => {
        const answer = await plan()
        expect(answer.end, answer.text).toBe('refused unreloaded-edit')
        expect(refusal(answer)).toEqual(['unreloaded-edit', path, '-'])
      }
      await host.run(['sh', '-c', 'echo "# one" >/root/one.conf; echo "# other" >/root/other.conf'])
      await reload('echo "# a site" >98-site.conf; ln -s /root/one.conf 99-link.conf')
      expect((await plan()).end).toBe('ok plan')
      await host.run(['rm', '/etc/dovecot/conf.d/98-site.conf'])
      await expectUnreloaded('/etc/dovecot/conf.d/98-site.conf')
      await reload('ls')
      expect((await plan()).end).toBe('ok plan')
      await host.run(['ln', '-sfn', '/root/other.conf', '/etc/dovecot/conf.d/99-link.conf'])
      await expectUnreloaded('/etc/dovecot/conf.d/99-link.conf')
      await reload('ls')
      // After our own change, that is what counts as read: an edit later on is one, also of what we did not touch.
      expect((await client.raise('raise-0001', 20)).end).toBe('ok applied')
      expect((await client.ask('maillimit/1 plan service=imap value=21')).end).toBe('ok plan')
      await host.run(['rm', '/etc/dovecot/conf.d/99-link.conf'])
      await expectUnreloaded('/etc/dovecot/conf.d/99-link.conf')
      for (const name of ['97-a\\tb.conf', '97-a\\nb.conf']) {
        await host.run([
          'sh',
          '-c',
          `cd /etc/dovecot/conf.d; rm -f 97-*; echo "# odd" >"$(printf '${name}')"`,
        ])
        expect((await plan()).end).toBe('refused includes')
      }
    })

    test('warns of a folder that lost a file before anybody looked, until the next reload', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const warnings = async (): Promise<readonly (readonly string[])[]> => {
        const plan = await client.ask('maillimit/1 plan service=imap value=20')
        expect(plan.end, plan.text).toBe('ok plan')
        return plan.records.filter(([name]) => name === 'warn').map((record) => record.slice(1, 5))
      }
      const folder = '/etc/dovecot/conf.d'
      await host.run(['sh', '-c', `echo '# a site' >${folder}/98-site.conf; systemctl restart dovecot`])
      await host.run(['sh', '-c', `sleep 0.5; rm ${folder}/98-site.conf`])
      for (const _look of ['the first', 'the next'])
        expect(await warnings()).toEqual([['warning', 'folder-changed', folder, '-']])
      await host.run(['systemctl', 'restart', 'dovecot'])
      await settled(client)
      expect(await warnings()).toEqual([])
      // What we do there ourselves is known.
      expect((await client.raise('raise-0001', 20)).end).toBe('ok applied')
      expect((await client.rollBack('back-0001', 'raise-0001')).end).toBe('ok rolled-back')
      expect(await warnings()).toEqual([])
    })

    test('starts no program of Sieve to ask for the limit, and is not hindered when that is broken', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const broken = '#!/bin/sh\ncat "/proc/$PPID/comm" >>/run/managesieve-started\nexit 89\n'
      await host.writeFile('/root/managesieve', broken)
      await host.run(['install', '/root/managesieve', '/usr/lib/dovecot/managesieve'])
      expect((await client.ask('maillimit/1 hello')).records).toContainEqual([
        'limit',
        'imap',
        '10',
        '-',
        '-',
        '-',
      ])
      expect((await client.ask('maillimit/1 plan service=imap value=30')).end).toBe('ok plan')
      const answer = await client.raise('broken-sieve', 30)
      expect(answer.end, answer.text).toBe('ok applied')
      // Dovecot's own processes start it when they read the configuration, and so does a doveconf that an administrator runs.
      expect((await host.exec(['cat', '/run/managesieve-started'])).stdout).not.toContain('doveconf')
      expect(await effective(host)).toBe('30')
    })

    test('says for each service the limit that doveconf says, wherever it is set', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const limit = (value: number): string => `mail_max_userip_connections = ${value}`
      for (const lines of [
        [],
        ['protocol imap {', `  ${limit(10)}`, '}', 'protocol pop3 {', `  ${limit(12)}`, '}'],
        [limit(20), 'protocol imap {', limit(10), '}', 'protocol pop3 {', limit(20), '}'],
        [limit(0), 'protocol sieve {', limit(7), '}', 'protocol sieve {', limit(8), '}'],
        ['protocol !sieve {', limit(9), '}', 'protocol pop3 {', limit(7), '}'],
        ['remote 10.0.0.0/8 {', 'protocol imap {', limit(33), '}', '}', 'protocol imap {', limit(34), '}'],
        ['remote 127.0.0.1 {', limit(35), '}'],
        [`login_greeting = ${limit(36)}`],
        ['login_greeting = protocol imap {', limit(37), 'protocol pop3 {', limit(38), '}'],
      ]) {
        await host.writeFile('/etc/dovecot/local.conf', `${lines.join('\n')}\n`)
        const answer = await client.ask('maillimit/1 hello')
        const said = answer.records
          .filter(([name]) => name === 'limit')
          .map(([, service, value]) => [service, value])
        const services = said.map(([service]) => service ?? '')
        expect(services.toSorted(), answer.text).toEqual(['imap', 'pop3', 'sieve', 'submission'])
        const asked = services.map(
          (service) => `doveconf -f protocol=${service} -h mail_max_userip_connections`,
        )
        const values = (await host.run(['sh', '-ec', asked.join('\n')])).trim().split('\n')
        expect(said, lines.join('; ')).toEqual(services.map((service, index) => [service, values[index]]))
      }
    })

    test('leaves another instance of Dovecot on the same host alone', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const version =
        release === 'trixie' ? 'dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n' : ''
      await host.writeFile(
        '/etc/dovecot-second.conf',
        `${version}base_dir = /run/dovecot-second
instance_name = second
protocols = imap
ssl = no
service imap-login {
  inet_listener imap {
    port = 1143
  }
  inet_listener imaps {
    port = 0
  }
}
`,
      )
      const second = [
        'sh',
        '-c',
        'ps -o pid=,args= --ppid "$(cat /run/dovecot-second/master.pid)" | grep /log',
      ]
      await host.run(['sh', '-c', 'dovecot -c /etc/dovecot-second.conf >/dev/null 2>&1 </dev/null'])
      const before = await until(
        async () => (await host.exec(second)).stdout,
        (text) => text !== '',
      )
      const answer = await client.raise('raise-0001', 20)
      expect(answer.end, answer.text).toBe('ok applied')
      expect(await host.run(second)).toBe(before)
      const limit = [
        'doveconf',
        '-c',
        '/etc/dovecot-second.conf',
        '-f',
        'protocol=imap',
        '-h',
        'mail_max_userip_connections',
      ]
      expect((await host.run(limit)).trim()).toBe('10')
      await host.run(['sh', '-c', 'systemctl stop dovecot'])
      expect((await client.ask('maillimit/1 plan service=imap value=30')).end).toBe('refused not-running')
    })

    test('gives advice without a button for a file that a tool writes, and refuses to apply it', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      await host.run(['sed', '-i', '1i # This file is managed by Ansible. Do not edit.', IMAP])
      await host.run(['systemctl', 'reload', 'dovecot'])
      await settled(client)
      const plan = await client.ask('maillimit/1 plan service=imap value=20')
      expect(plan.end).toBe('ok advise')
      expect(field(plan, 'warn', 2)).toBe('managed')
      const answer = await client.raise('managed-01', 20)
      expect(answer.end).toBe('refused managed')
      expect(refusal(answer)).toEqual(['managed', IMAP, '1'])
      expect(await effective(host)).toBe('10')
    })

    test('warns of other limits that more logins would run into', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      const imapProcesses = 'service imap {\n  process_limit = 4\n}\n'
      await host.run([
        'sh',
        '-c',
        `printf 'shutdown_clients = no\\nservice auth {\\n  client_limit = 10\\n}\\nservice anvil {\\n  client_limit = 11\\n}\\n${imapProcesses.replaceAll('\n', '\\n')}' >>/etc/dovecot/local.conf`,
      ])
      await host.run(['systemctl', 'reload', 'dovecot'])
      await settled(client)
      await using held = await host.holdImapSessions({ user: 'taro@example.com', count: 4 })
      expect(held.held).toBe(4)
      const plan = await client.ask('maillimit/1 plan service=imap value=20')
      expect(plan.end).toBe('ok plan')
      const warnings = plan.records.filter(([name]) => name === 'warn')
      expect(warnings.map(([, level, code]) => `${level} ${code}`)).toEqual([
        'warning process-limit',
        'warning client-limit',
        'warning client-limit',
      ])
      expect(warnings[0]?.[5]).toContain('4 of at most 4 imap processes')
      const crowded = warnings.slice(1).map(([, , , , , sentence]) => sentence?.replace(/,.*/, ''))
      expect(new Set(crowded)).toEqual(
        new Set(['service anvil has client_limit 11', 'service auth has client_limit 10']),
      )
      expect(plan.records.filter(([name]) => name === 'impact').map(([, ...said]) => said)).toEqual([
        ['sessions', '4'],
        ['shutdown-clients', 'no'],
        ['process-count', '4'],
        ['process-limit', '4'],
        ['reload', 'systemctl'],
      ])
    })

    test('refuses a rollback of a file that somebody changed since, and of what was never done', async () => {
      await using host = await lease(release)
      const client = await helperOn(host)
      expect((await client.raise('raise-0001', 20)).end).toBe('ok applied')
      expect((await client.raise('raise-0002', 30)).end).toBe('ok applied')
      const early = await client.ask('maillimit/1 plan of=raise-0001')
      expect(early.end).toBe('refused not-ours')
      expect(refusal(early)).toEqual(['not-ours', IMAP, '-'])
      expect((await client.ask('maillimit/1 plan of=raise-9999')).end).toBe('refused unknown')
      expect((await client.rollBack('back-0002', 'raise-0002')).end).toBe('ok rolled-back')
      expect((await client.ask('maillimit/1 plan of=back-0002')).end).toBe('refused not-a-raise')
      expect((await client.rollBack('back-0001', 'raise-0001')).end).toBe('ok rolled-back')
      expect(await effective(host)).toBe('10')
    })
  })
})

/** Waits until Dovecot has taken up the last reload. */
async function settled(client: HelperClient): Promise<void> {
  await until(
    async () => (await client.ask('maillimit/1 plan service=imap value=20')).end,
    (end) => end.startsWith('ok'),
  )
}

/** Temporary files, journals and locks that a finished change must not leave behind. */
async function leftovers(host: MailHost): Promise<string> {
  return host.run([
    'sh',
    '-c',
    'find /etc/dovecot /run/maillimit /var/lib/maillimit -name "*maillimit-new*" -o -name "scratch-*" -o -name open -o -name "*.new"',
  ])
}
