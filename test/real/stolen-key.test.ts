import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { run } from '../../dev/mailhost/run.ts'
import type { RunResult } from '../../dev/mailhost/run.ts'
import { approval, connectHelper } from './helper-client.ts'
import type { HelperClient } from './helper-client.ts'
import { until } from './until.ts'
import { helperLog } from './host-state.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']
const HELLO = 'maillimit/1 hello\n'

/** ssh's options for the bot's key, the host's alias, and a folder of this machine. */
type Reached = { readonly key: readonly string[]; readonly alias: string; readonly folder: string }

/** A program with the bot's key and configuration, what it says, and what the host's own log says of it. */
type Attempt = {
  readonly argv: (to: Reached) => readonly string[]
  readonly input?: string
  readonly says: RegExp
  readonly logged: RegExp
}

const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  'a shell': {
    argv: ({ key, alias }) => ['ssh', ...key, alias],
    input: 'id\n',
    says: /^end\trefused\tusage$/m,
    logged: /^request refused: usage$/m,
  },
  'a shell on a terminal': {
    argv: ({ key, alias }) => ['ssh', ...key, '-tt', alias],
    input: 'id\n',
    says: /PTY allocation request failed/,
    logged: /Allocating a pty not permitted/,
  },
  'another command': {
    argv: ({ key, alias }) => ['ssh', ...key, alias, 'cat /etc/shadow'],
    input: HELLO,
    says: /^end\trefused\tusage$/m,
    logged: /^refused another command: cat \/etc\/shadow$/m,
  },
  'a command that would forge a line of the log': {
    argv: ({ key, alias }) => ['ssh', ...key, alias, 'x\nid good-0001 ended: ok applied'],
    input: HELLO,
    says: /^end\trefused\tusage$/m,
    logged: /^refused another command: x.*id good-0001 ended: ok applied$/m,
  },
  sftp: {
    argv: ({ key, alias }) => ['sftp', ...key, alias],
    says: /Connection closed|message too long/,
    logged: /subsystem request for sftp/,
  },
  'scp from the host': {
    argv: ({ key, alias, folder }) => ['scp', ...key, '-O', `${alias}:/etc/shadow`, folder],
    says: /lost connection|refusal/,
    logged: /^refused another command: scp -f \/etc\/shadow$/m,
  },
  'scp to the host': {
    argv: ({ key, alias }) => ['scp', ...key, '-O', '/etc/hostname', `${alias}:/tmp/planted`],
    says: /lost connection|refusal/,
    logged: /^refused another command: scp -t \/tmp\/planted$/m,
  },
  'a connection to another port': {
    argv: ({ key, alias }) => ['ssh', ...key, '-W', '127.0.0.1:143', alias],
    says: /administratively prohibited/,
    logged: /refused local port forward: .* target 127\.0\.0\.1 port 143/,
  },
  'a port of the host': {
    argv: ({ key, alias }) => [
      'ssh',
      ...key,
      '-o',
      'ExitOnForwardFailure=yes',
      '-R',
      '9999:127.0.0.1:22',
      alias,
    ],
    input: HELLO,
    says: /remote port forwarding failed/,
    logged: /Server has disabled port forwarding/,
  },
  'an agent on the host': {
    argv: ({ key, alias }) => ['ssh-agent', 'ssh', ...key, '-A', alias],
    input: HELLO,
    says: /^end\tok\thello$/m,
    logged: /agent forwarding disabled/,
  },
  'windows of the host': {
    argv: ({ key, alias }) => ['ssh', ...key, '-X', alias],
    input: HELLO,
    says: /^end\tok\thello$/m,
    logged: /X11 forwarding disabled by key options/,
  },
}

function attempted(client: HelperClient, folder: string, { argv, input = '' }: Attempt): Promise<RunResult> {
  const { configPath, alias } = client.helper
  const words = argv({ key: ['-F', configPath, '-o', 'ConnectTimeout=10'], alias, folder })
  return run(words, { input, env: { ...process.env, DISPLAY: ':99' } })
}

/** Does something, then waits until the host has logged it; tells what is missing. */
async function missingInLog(
  host: MailHost,
  logged: readonly RegExp[],
  attempt: () => Promise<unknown>,
): Promise<readonly string[]> {
  const fresh = () => host.run(['journalctl', '--no-pager', '-q', '-o', 'cat', '--cursor-file=/run/seen'])
  await fresh()
  await attempt()
  let log = ''
  const missing = () => logged.filter((line) => !line.test(log)).map((line) => `not logged: ${line.source}`)
  await until(
    async () => (log += await fresh()),
    () => missing().length === 0,
  ).catch(() => undefined)
  return missing()
}

/** What of the host is not as it was at `/root/mark`, and the limit in force. */
async function traces(host: MailHost): Promise<string> {
  return host.run([
    'sh',
    '-c',
    'find /etc /home /usr/local /tmp /var/lib/maillimit -newer /root/mark -not -type d -not -name lock 2>/dev/null | sort; doveconf -f protocol=imap -h mail_max_userip_connections',
  ])
}

describe.skipIf(noMailHosts())("whoever has the bot's key", () => {
  describe.concurrent.each(RELEASES)('on %s', (release) => {
    test('gets no shell, no file and no way on, and the host logs each attempt', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      // What sshd itself refuses beyond a way to another port, it says at this level only.
      await host.writeFile('/etc/ssh/sshd_config.d/log.conf', 'LogLevel DEBUG3\n')
      await host.run(['systemctl', 'restart', 'ssh'])
      await host.run(['sh', '-c', 'sleep 0.05; touch /root/mark; sleep 0.05'])
      const failures: string[] = []
      for (const [title, attempt] of Object.entries(ATTEMPTS)) {
        let said = ''
        const missing = await missingInLog(
          host,
          [attempt.logged, /^Accepted publickey for maillimit from .* SHA256:/m],
          async () => {
            const { stdout, stderr } = await attempted(client, host.filesFolder, attempt)
            said = stdout + stderr
          },
        )
        if (!attempt.says.test(said)) failures.push(`${title} said: ${said}`)
        failures.push(...missing.map((words) => `${title}: ${words}`))
      }
      expect(failures.join('\n')).toBe('')
      expect(await traces(host)).toBe('10\n')
    })

    test('finds nothing more as the account itself, and changes nothing of what the helper sees', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      const asBot = (script: string): Promise<number> =>
        host.exec(['su', 'maillimit', '-s', '/bin/sh', '-c', script]).then(({ code }) => code)
      for (const script of [
        'sudo -n id',
        'sudo -n /usr/local/libexec/maillimit-host --x',
        'sudo -n LD_PRELOAD=/tmp/x /usr/local/libexec/maillimit-host',
        'sudo -n -u mallory /usr/local/libexec/maillimit-host',
        'sudo -n -e /etc/shadow',
        'echo x >>~/.ssh/authorized_keys',
        'mv ~/.ssh ~/.ssh-old',
        'touch ~/x',
        'cat /etc/maillimit.conf >/dev/null; cat /var/lib/maillimit/lock',
        'cat /var/log/maillog /var/log/mail.log',
      ]) {
        expect(await asBot(script), script).not.toBe(0)
      }

      // A long-lived request, so that the environment of what the helper starts can be looked at.
      const tricks = ['PATH=/tmp', 'LD_PRELOAD=/tmp/x', 'ENV=/tmp/x', 'BASH_ENV=/tmp/x', 'IFS=x', 'LC_ALL=ja']
      const { configPath, alias } = client.helper
      const session = spawn('ssh', ['-F', configPath, '-o', `SetEnv=${tricks.join(' ')}`, alias])
      session.stdin.write(`maillimit/1 follow file=${host.logPath} offset=end mark=-\n`)
      const environ = 'pid=$(pgrep -u root -f "^tail -f -s 0.2 --pid=") && tr "\\0" "\\n" </proc/$pid/environ'
      const environment = await until(
        async () => (await host.exec(['sh', '-c', environ])).stdout,
        (found) => found.includes('SUDO_USER=maillimit'),
      )
      session.stdin.end()
      for (const trick of tricks) expect(environment.split('\n')).not.toContain(trick)
      expect(environment).toMatch(/^LC_ALL=C$/m)
      expect(environment).toMatch(/^PATH=\/usr/m)
      expect(await text(session.stdout)).toMatch(/\nend\tok\tclosed\n$/)
    })
  })

  describe.concurrent.each(VERSIONS)('on %s', (release) => {
    test('raises within the rules of the host and no further, and each try is in its log', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', 'max_limit = 40\n')
      const failures: string[] = []
      const logged: string[] = []
      const tryTo = async (request: string, end: string, line: string): Promise<void> => {
        const answer = await client.ask(`maillimit/1 ${request}`)
        if (answer.end !== end) failures.push(`${request}: ${answer.text}`)
        logged.push(line)
      }
      const apply = (id: string, words: string, code: string): Promise<void> =>
        tryTo(
          `apply id=${id} ${words} digest=${'0'.repeat(64)} ${approval()}`,
          `refused ${code}`,
          code === 'usage' ? 'apply refused: usage' : `id ${id} ended: refused ${code}`,
        )
      await apply('value-0000', 'service=imap value=0', 'usage')
      await apply('value-0001', 'service=imap value=1', 'lower')
      await apply('value-0009', 'service=imap value=9', 'lower')
      await apply('value-0010', 'service=imap value=10', 'lower')
      await apply('value-0041', 'service=imap value=41', 'cap')
      await apply('value-2-32', 'service=imap value=4294967296', 'usage')
      await apply('no-digest1', 'service=imap value=20', 'digest')
      await apply('lmtp-00001', 'service=lmtp value=20', 'no-service')
      await tryTo('plan service=imap value=41', 'refused cap', 'plan refused: cap')
      for (const verb of ['shell', 'exec', 'restart', 'kick', 'read', 'run', 'HELLO'])
        await tryTo(
          `${verb}${verb === 'run' ? ' id=value-0001' : ''}`,
          'refused usage',
          `${verb} refused: usage`,
        )
      for (const file of [
        '/etc/shadow',
        '/etc/dovecot/local.conf',
        '/var/log/auth.log',
        `${host.logPath}-`,
        `${host.logPath}%2F..%2F..%2Fetc%2Fshadow`,
      ])
        await tryTo(`follow file=${file} offset=0 mark=-`, 'refused usage', 'follow refused: usage')
      await tryTo('plan of=value-0001', 'refused unknown', 'plan refused: unknown')
      await tryTo(
        `rollback id=theirs-001 of=value-0001 digest=${'0'.repeat(64)} ${approval()}`,
        'refused unknown',
        'id theirs-001 ended: refused unknown',
      )

      // A loop of changes: the rates bound it, and with it the backups.
      const loop: string[] = []
      expect((await client.raise('loop-00-up', 20)).end).toBe('ok applied')
      loop.push((await client.raise('loop-01-up', 21)).end)
      await host.writeFile('/etc/maillimit.conf', 'seconds_between_raises = 0\n')
      expect((await client.rollBack('loop-00-down', 'loop-00-up')).end).toBe('ok rolled-back')
      for (let round = 2; round < 6; round++) {
        loop.push((await client.raise(`loop-0${round}-up`, 20)).end)
        if (loop.at(-1) !== 'ok applied') continue
        loop.push((await client.rollBack(`loop-0${round}-down`, `loop-0${round}-up`)).end)
      }
      const twice = ['ok applied', 'ok rolled-back']
      expect(loop).toEqual(['refused spacing', ...twice, ...twice, 'refused rate', 'refused rate'])
      logged.push('id loop-00-up actor U0TEST: raise imap from 10 to 20 in /etc/dovecot/conf.d/20-imap.conf')
      logged.push('id loop-01-up ended: refused spacing', 'id loop-05-up ended: refused rate')
      const written = await host.run(['sh', '-c', 'ls /etc/dovecot/conf.d | grep -c "20-imap.conf."'])
      expect(Number(written)).toBe(6)

      // Ids without end.
      await host.run([
        'sh',
        '-c',
        'cd /var/lib/maillimit/records && seq -f filler-%.0f 100 160 | xargs mkdir',
      ])
      await tryTo('void id=one-more-id', 'refused busy', 'void refused: busy')
      await tryTo(
        `apply id=one-more-id service=imap value=20 digest=${'0'.repeat(64)} ${approval()}`,
        'refused busy',
        'apply refused: busy',
      )

      expect(failures.join('\n')).toBe('')
      const log = [...(await helperLog(host))]
      for (const line of logged) {
        const place = log.indexOf(line)
        expect(place, `${line} in\n${log.join('\n')}`).toBeGreaterThanOrEqual(0)
        log.splice(place, 1)
      }
    })
  })
})
