import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { run } from '../../dev/mailhost/run.ts'
import type { RunResult } from '../../dev/mailhost/run.ts'
import { approval, connectHelper, NO_RATES, readAnswer, refusal } from './helper-client.ts'
import type { HelperAnswer, HelperClient } from './helper-client.ts'
import { helperLog } from './host-state.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']
const DIGEST = '0'.repeat(64)

/** Each is one request line; all of them must be refused as misuse. */
const MISUSES: readonly string[] = [
  '',
  'hello',
  'maillimit/2 hello',
  'maillimit/1',
  'maillimit/1 shell',
  'maillimit/1 run id=some-other-id',
  'maillimit/1 hello --help',
  'maillimit/1 hello  ',
  'maillimit/1  hello',
  'maillimit/1\thello',
  'maillimit/1 hello service=imap',
  'maillimit/1 plan service=imap',
  'maillimit/1 plan service=imap value=20 value=30',
  'maillimit/1 plan service=imap value=20 colour=red',
  'maillimit/1 plan service=imap value=20=30',
  'maillimit/1 who user=',
  'maillimit/1 who user=%',
  'maillimit/1 who user=%4',
  'maillimit/1 who user=%zz',
  'maillimit/1 who user=a%00b',
  'maillimit/1 who user=a%0Ab',
  `maillimit/1 who user=${'a'.repeat(256)}`,
  `maillimit/1 who user=${'a'.repeat(2000)}`,
  'maillimit/1 status id=../../../etc/passwd',
  'maillimit/1 status id=..%2F..%2Fetc%2Fpasswd',
  'maillimit/1 status id=-rf-everything',
  'maillimit/1 status id=short',
  `maillimit/1 status id=${'a'.repeat(65)}`,
  'maillimit/1 void id=UPPERCASE',
]

const BAD_VALUES: Readonly<Record<string, readonly string[]>> = {
  value: [
    '0',
    '-1',
    '+20',
    '010',
    '1e3',
    '4294967296',
    '99999999999',
    '',
    '20%0A',
    '20;id',
    '$(id)',
    '`id`',
    '20 30',
    '0x14',
    '%32%30%00',
  ],
  service: ['', 'IMAP', 'imap;id', 'imap%0Aprotocol', '../imap', '-imap', '$(id)', '*', `i${'m'.repeat(32)}`],
  client: [
    '',
    'localhost',
    '10.0.0.256',
    '10.0.0',
    '10.0.0.1%2F8',
    '::1%25eth0',
    '1:2:3:4:5:6:7',
    '1::2::3',
    '10.0.0.1;id',
    '$(id)',
  ],
  actor: ['', 'a b', 'a%0Ab', '$(id)', `U${'0'.repeat(64)}`, '%3Cscript%3E'],
  expires: ['', '-1', 'tomorrow', '1e9', '9999999999999'],
  digest: ['', 'abc', DIGEST.slice(1), `${DIGEST}0`, DIGEST.replace('0', 'G'), '$(id)'],
  id: ['', '../../x', 'a/b-c-d-e-f', '$(reboot)', 'with space', '.hidden-one'],
}

async function helperOn(host: MailHost, configuration: string): Promise<HelperClient> {
  const client = await connectHelper(host)
  await host.writeFile('/etc/maillimit.conf', configuration)
  return client
}

/** ssh with the bot's key, and whatever an attacker adds. */
function sshAs(client: HelperClient, args: readonly string[], input = ''): Promise<RunResult> {
  return run(['ssh', '-F', client.helper.configPath, '-o', 'ConnectTimeout=10', ...args], { input })
}

function applyWith(fields: Readonly<Record<string, string>>): string {
  const all = { id: 'attempt-01', service: 'imap', value: '20', digest: DIGEST, ...fields }
  const words = Object.entries(all).map(([key, value]) => `${key}=${value}`)
  const approved = approval()
    .split(' ')
    .filter((word) => !((word.split('=')[0] ?? '') in fields))
  return `maillimit/1 apply ${[...words, ...approved].join(' ')}`
}

async function snapshot(host: MailHost): Promise<string> {
  return host.run([
    'sh',
    '-c',
    'find /etc /home /usr/local /var/lib/maillimit -newer /root/mark -not -name "lock" 2>/dev/null | sort; doveconf -f protocol=imap -h mail_max_userip_connections',
  ])
}

describe.skipIf(noMailHosts())("the bot's key", () => {
  describe.concurrent.each(VERSIONS)('on %s', (release) => {
    test('gets nothing by any misuse of the conversation, and the host logs it', async () => {
      await using host = await lease(release)
      const client = await helperOn(host, NO_RATES)
      await client.ask('maillimit/1 plan service=imap value=20')
      await host.run(['sh', '-c', 'sleep 0.05; touch /root/mark; sleep 0.05'])
      const wrong: string[] = []
      const requests = [
        ...MISUSES,
        ...Object.entries(BAD_VALUES).flatMap(([key, values]) =>
          values.map((value) => applyWith({ [key]: value })),
        ),
      ]
      const left = requests.values()
      const askOn = async (): Promise<void> => {
        for (const request of left) {
          const { end } = await client.ask(request)
          if (end !== 'refused usage') wrong.push(`${request}: ${end}`)
        }
      }
      // As many at a time as the helper answers.
      await Promise.all([askOn(), askOn(), askOn(), askOn()])
      expect(wrong).toEqual([])
      expect((await client.ask('maillimit/1 heal')).end).toBe('ok nothing')
      const usage = (await helperLog(host)).filter((line) => line.includes('refused: usage'))
      expect(usage).toHaveLength(requests.length)
      // No LF at all, and an endless line.
      const unended = await sshAs(client, [client.helper.alias], 'maillimit/1 hello')
      expect(readAnswer(unended.stdout).end).toBe('refused usage')
      const endless = await sshAs(
        client,
        [client.helper.alias],
        `maillimit/1 hello${'x'.repeat(1_000_000)}\n`,
      )
      expect(readAnswer(endless.stdout).end).toBe('refused usage')
      expect(await snapshot(host)).toBe('10\n')
    })

    test('cannot go beyond what the host allows', async () => {
      await using host = await lease(release)
      const client = await helperOn(host, 'max_limit = 40\nservices = imap\n')
      const plan = (request: string): Promise<HelperAnswer> => client.ask(`maillimit/1 plan ${request}`)
      expect(refusal(await plan('service=imap value=41'))).toEqual(['cap', '/etc/maillimit.conf', '-'])
      expect((await plan('service=imap value=40')).end, 'the cap itself').toBe('ok plan')
      expect(refusal(await plan('service=imap value=10'))[0]).toBe('lower')
      expect(refusal(await plan('service=imap value=9'))[0]).toBe('lower')
      expect(refusal(await plan('service=pop3 value=20'))[0]).toBe('no-service')
      expect(refusal(await plan('service=lmtp value=20'))).toEqual(['no-service', '/etc/maillimit.conf', '-'])
      await host.writeFile('/etc/maillimit.conf', 'max_limit = 40\nservices = imap lmtp\n')
      expect(refusal(await plan('service=lmtp value=20'))).toEqual([
        'no-service',
        '/etc/dovecot/dovecot.conf',
        '-',
      ])

      expect((await client.raise('raise-0001', 20)).end).toBe('ok applied')
      const soon = await client.raise('raise-0002', 21)
      expect(soon.end).toBe('refused spacing')
      expect((await client.rollBack('back-0001', 'raise-0001')).end).toBe('ok rolled-back')
      await host.writeFile('/etc/maillimit.conf', 'changes_an_hour = 3\nseconds_between_raises = 0\n')
      expect((await client.raise('raise-0003', 20)).end).toBe('ok applied')
      expect((await client.raise('raise-0004', 21)).end).toBe('refused rate')
      expect((await client.rollBack('back-0002', 'raise-0003')).end).toBe('refused rate')

      // However many are counted, none of the hour is forgotten, nor the last raise; the others are.
      const changes = '/var/lib/maillimit/changes'
      const note = (count: number, age: number, kind: string): string =>
        `yes "$(($(date +%s) - ${age})) ${kind} filler" | head -n ${count}`
      await host.run([
        'sh',
        '-c',
        `{ ${note(300, 9_000, 'raise')}; ${note(498, 600, 'rollback')}; } >${changes}`,
      ])
      await host.writeFile('/etc/maillimit.conf', 'changes_an_hour = 500\nseconds_between_raises = 9999\n')
      expect((await client.rollBack('back-0003', 'raise-0003')).end, 'the 499th').toBe('ok rolled-back')
      expect(await host.run(['sh', '-c', `wc -l <${changes}; grep -c ' raise ' ${changes}`])).toBe('500\n1\n')
      expect((await client.raise('raise-0005', 20)).end).toBe('refused spacing')
      await host.writeFile('/etc/maillimit.conf', 'changes_an_hour = 500\nseconds_between_raises = 0\n')
      expect((await client.raise('raise-0006', 20)).end, 'the 500th').toBe('ok applied')
      expect((await client.raise('raise-0007', 21)).end).toBe('refused rate')
      await host.run(['rm', changes])
      await host.writeFile('/etc/maillimit.conf', 'changes_an_hour = 3\nseconds_between_raises = 0\n')

      // Ids: those that came to nothing are few an hour and forgotten after a day, and there is an end to them all.
      const fill = (from: number, count: number, date: string, files = ''): Promise<string> =>
        host.run([
          'sh',
          '-c',
          `cd /var/lib/maillimit/records && seq -f filler-%.0f ${from} ${from + count - 1} >/tmp/fillers && xargs mkdir </tmp/fillers
           ${files === '' ? ':' : `sed 's,$,/${files},' /tmp/fillers | xargs touch`} && xargs touch -d '${date}' </tmp/fillers`,
        ])
      await fill(10_000, 1_000, '27 hours ago')
      await fill(20_000, 1_000, 'now', 'journal')
      expect((await client.ask('maillimit/1 void id=one-more-id')).end).toBe('ok voided')
      expect(await host.run(['sh', '-c', 'ls /var/lib/maillimit/records | grep -c filler-1 || :'])).toBe(
        '0\n',
      )
      await fill(30_000, 1_000, 'now', 'journal')
      expect((await client.ask('maillimit/1 void id=too-many-ids')).end).toBe('refused busy')
      // Of 1000 old changes, one has no end and one is the newest of its service: they stay.
      const records = '/var/lib/maillimit/records'
      await host.run([
        'sh',
        '-c',
        `cd ${records} && seq -f filler-%.0f 20000 20999 >/tmp/fillers && while read -r id; do
           printf 'kind raise\\nservice imap\\n' >$id/journal; printf 'end\\tok\\tapplied\\n' >$id/transcript
         done </tmp/fillers && : >filler-20000/transcript && echo service pop3 >filler-20001/journal &&
         sed 's,$,/transcript,' /tmp/fillers | xargs touch -d '91 days ago' && touch -d '92 days ago' filler-20500/transcript`,
      ])
      expect((await client.ask('maillimit/1 void id=too-many-ids')).end).toBe('ok voided')
      const left = (await host.run(['ls', records])).trim().split('\n')
      expect(left).toHaveLength(1_801)
      expect(left).toEqual(
        expect.arrayContaining(['filler-20000', 'filler-20001', 'filler-30000', 'raise-0003']),
      )
      expect(left).not.toContain('filler-20500')
      expect(await host.run(['sh', '-c', `ls -A ${records} | grep -c '^[.]new' || :`])).toBe('0\n')
      const dropped = await plan('of=filler-20500')
      expect(dropped.end).toBe('refused unknown')
      expect(dropped.text).toContain('filler-20500 is on record on this host (records of old changes')
      expect((await helperLog(host)).join('\n')).toMatch(/dropped the \d+ oldest records/)
      await host.run(['sh', '-c', 'rm -rf /var/lib/maillimit/records/filler-*'])
      await fill(40_000, 52, 'now')
      expect((await client.ask('maillimit/1 void id=last-but-one')).end).toBe('ok voided')
      const flood = await client.ask('maillimit/1 void id=too-many-now')
      expect(flood.end).toBe('refused busy')
      expect(refusal(flood)).toEqual(['busy', '/var/lib/maillimit/records', '-'])
      expect((await client.ask('maillimit/1 void id=one-more-id')).end, 'one that is known').toBe('ok voided')
      await host.run(['sh', '-c', "touch -d '61 minutes ago' /var/lib/maillimit/records/filler-*"])
      expect((await client.ask('maillimit/1 void id=too-many-now')).end).toBe('ok voided')
      await host.run(['sh', '-c', 'rm -rf /var/lib/maillimit/records/filler-*'])
      expect((await client.ask('maillimit/1 status id=raise-0001')).end).toBe('ok applied')

      await host.writeFile('/etc/maillimit.conf', 'changes = advise\n')
      expect((await plan('service=imap value=30')).end).toBe('ok advise')
      expect((await client.ask(applyWith({ value: '30' }))).end).toBe('refused changes-off')
      await host.writeFile('/etc/maillimit.conf', 'changes = no\n')
      expect((await plan('service=imap value=30')).end).toBe('refused changes-off')
      await host.writeFile('/etc/maillimit.conf', '# ours\nmax_limit=40\n')
      const misspelt = await plan('service=imap value=30')
      expect(misspelt.end).toBe('failed configuration')
      expect(refusal(misspelt)).toEqual(['configuration', '/etc/maillimit.conf', '2'])
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      await host.run(['chmod', 'o+w', '/etc/maillimit.conf'])
      expect((await client.ask('maillimit/1 hello')).end).toBe('failed configuration')
      await host.run(['rm', '/etc/maillimit.conf'])
      expect((await plan('service=imap value=30')).end).toBe('ok advise')
      expect((await client.ask(applyWith({ id: 'attempt-02', value: '30' }))).end).toBe('refused changes-off')
    })
  })
})
