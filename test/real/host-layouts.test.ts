import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { changedLines, connectHelper, field, NO_RATES, refusal } from './helper-client.ts'
import type { HelperAnswer, HelperClient } from './helper-client.ts'
import { seenFromOutside } from './host-state.ts'
import { PRELUDE } from './layout.ts'
import type { Layout, Outcome } from './layout.ts'
import { LAYOUTS } from './layouts.ts'
import { sampleOf } from './sample.ts'

/** Every file and folder below /etc/dovecot: mode, owner, target, and what is in it. */
async function tree(host: MailHost): Promise<ReadonlyMap<string, string>> {
  const top = seenFromOutside(host, '/etc/dovecot')
  const entries = new Map<string, string>()
  const look = async (name: string): Promise<void> => {
    const path = join(top, name)
    const { mode, uid, gid } = await lstat(path)
    const [link, names, content] = await Promise.all([
      readlink(path).catch(() => ''),
      readdir(path).catch(() => []),
      readFile(path, 'base64').catch(() => ''),
    ])
    entries.set(name, `${mode.toString(8)} ${uid}:${gid} ${link} ${link === '' ? content : ''}`)
    if (link === '') await Promise.all(names.map((inner) => look(join(name, inner))))
  }
  await look('')
  return entries
}

function difference(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted()
}

async function effective(host: MailHost, service: string): Promise<string> {
  return (
    await host.run(['doveconf', '-f', `protocol=${service}`, '-h', 'mail_max_userip_connections'])
  ).trim()
}

/** The stock configuration again, then the layout, and Dovecot reads it: a new log process proves it. */
async function lay(host: MailHost, layout: Layout): Promise<void> {
  await host.run([
    'sh',
    '-c',
    `[ -e /root/stock.tar ] || tar -C /etc -cpf /root/stock.tar dovecot
     rm -rf /etc/dovecot && tar -C /etc -xpf /root/stock.tar
     (${PRELUDE}
     ${layout.prepare})
     doveconf -n >/dev/null || exit 1
     before=$(pgrep -x -f dovecot/log)
     doveadm reload
     for try in $(seq 1500); do
       for log in $(pgrep -x -f dovecot/log); do case $before in *$log*) ;; *) exit 0 ;; esac; done
       sleep 0.02
     done
     echo 'Dovecot did not reload' >&2
     exit 1`,
  ])
}

async function checkChanged(
  host: MailHost,
  client: HelperClient,
  id: string,
  layout: Layout,
  outcome: Extract<Outcome, { changed: string }>,
): Promise<void> {
  const before = await tree(host)
  const pop3Before = await effective(host, 'pop3')
  const content = await host.readFile(outcome.changed)
  const where = layout.client === undefined ? {} : { client: layout.client }

  const answer = await client.raise(id, 30, where)
  expect(answer.end, answer.text).toBe('ok applied')
  expect(changedLines(answer)).toEqual(outcome.lines)
  expect(await effective(host, 'imap')).toBe('30')
  expect(await effective(host, 'pop3')).toBe(pop3Before)

  const backup = answer.records.find(([, name]) => name === 'backup')?.[4] ?? ''
  expect(backup).toMatch(/\.\d{8}-\d{6}$/)
  expect(backup.startsWith(outcome.backupIn ?? outcome.changed)).toBe(true)
  expect(await host.readFile(backup)).toEqual(content)
  const changedPath = outcome.changed.replace('/etc/dovecot/', '')
  const backupPath = backup.replace('/etc/dovecot/', '')
  expect(difference(before, await tree(host)).filter((path) => path !== backupPath)).toEqual([changedPath])
  if (outcome.backupIn === undefined) expect((await tree(host)).get(backupPath)).toBe(before.get(changedPath))

  const undone = await client.rollBack(`${id}-back`, id)
  expect(undone.end, undone.text).toBe('ok rolled-back')
  expect(await host.readFile(outcome.changed)).toEqual(content)
  const left = difference(before, await tree(host))
  expect(left.filter((path) => !/\.\d{8}-\d{6}$/.test(path))).toEqual([])
}

async function checkRefused(
  host: MailHost,
  client: HelperClient,
  layout: Layout,
  outcome: Extract<Outcome, { refused: string }>,
): Promise<void> {
  const before = await tree(host)
  const where = layout.client === undefined ? '' : ` client=${layout.client}`
  const answer = await client.ask(`maillimit/1 plan service=imap value=30${where}`)
  expect(answer.end, answer.text).toBe(`refused ${outcome.refused}`)
  expect(await namedPlace(host, answer, outcome.at)).toBe(outcome.at)
  expect(field(answer, 'warn', 5)?.length, 'a sentence that helps').toBeGreaterThan(30)
  expect(difference(before, await tree(host))).toEqual([])
}

/** The plan is shown; to apply it would be refused. */
async function checkManaged(
  host: MailHost,
  client: HelperClient,
  id: string,
  outcome: Extract<Outcome, { managed: string }>,
): Promise<void> {
  const before = await tree(host)
  const plan = await client.ask('maillimit/1 plan service=imap value=30')
  expect(plan.end, plan.text).toBe('ok advise')
  expect(changedLines(plan).length).toBeGreaterThan(0)
  const answer = await client.raise(id, 30)
  expect(answer.end, answer.text).toBe('refused managed')
  expect(await namedPlace(host, answer, outcome.managed)).toBe(outcome.managed)
  expect(difference(before, await tree(host))).toEqual([])
}

/** The refusal's place in the layout's words: FILE, or FILE:TEXT-OF-THE-LINE. */
async function namedPlace(host: MailHost, answer: HelperAnswer, wanted: string): Promise<string> {
  const [, file = '', line = ''] = refusal(answer)
  if (!wanted.includes(':')) return file
  const text = (await host.readFile(file)).toString('latin1').split('\n')[Number(line) - 1]
  return `${file}:${text}`
}

function outcomeOn(release: Release, layout: Layout): Outcome {
  return typeof layout.outcome === 'function' ? layout.outcome(release) : layout.outcome
}

describe.skipIf(noMailHosts())('a raise of imap to 30', () => {
  describe.concurrent.each(RELEASES)('on %s', (release) => {
    test('changes the line that decides and nothing else, or says why not, whatever the layout', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      const failures: string[] = []
      let number = 0
      for (const layout of sampleOf(LAYOUTS, release === 'el9like' ? 4 : 8)) {
        number += 1
        try {
          await lay(host, layout)
          const outcome = outcomeOn(release, layout)
          if ('changed' in outcome) await checkChanged(host, client, `layout-${number}`, layout, outcome)
          else if ('managed' in outcome) await checkManaged(host, client, `layout-${number}`, outcome)
          else await checkRefused(host, client, layout, outcome)
        } catch (error) {
          const journal = await host.exec(['journalctl', '-n', '40', '-o', 'short-precise', '--no-pager'])
          failures.push(
            `${layout.title}: ${error instanceof Error ? error.message : String(error)}\n${journal.stdout}`,
          )
        }
      }
      expect(failures.join('\n\n')).toBe('')
    }, 900_000)
  })
})
