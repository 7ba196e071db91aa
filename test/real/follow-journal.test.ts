import { describe, expect, onTestFinished, test } from 'vitest'
import { installHelper } from '../../dev/mailhost/install-helper.ts'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { Cursor } from '../../src/logs/cursor.ts'
import type { LogRecord, LogSource } from '../../src/logs/log-source.ts'
import { leftovers, openSource } from './log-chaos.ts'
import { until } from './until.ts'

async function journalOf(host: MailHost): Promise<LogSource> {
  const helper = await installHelper(host)
  await host.writeFile('/etc/maillimit.conf', 'log = journal\n')
  const { source, close } = openSource(helper, 'journal')
  onTestFinished(close)
  return source
}

/** Reads until `count` lines came; returns them and the newest cursor. */
async function take(
  source: LogSource,
  cursor: Cursor | undefined,
  count: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<{
  readonly records: readonly LogRecord[]
  readonly messages: readonly string[]
  readonly cursor: Cursor | undefined
}> {
  const life = new AbortController()
  const records: LogRecord[] = []
  const messages: string[] = []
  for await (const record of source.read(cursor, life.signal)) {
    if (records.length === 0) void meanwhile()
    records.push(record)
    if (record.kind !== 'line') {
      if (count === 0) break
      continue
    }
    messages.push(String(JSON.parse(Buffer.from(record.raw).toString('utf8')).MESSAGE))
    if (messages.length === count) break
  }
  return { records, messages, cursor: records.at(-1)?.cursor }
}

/** Two logins over the limit of ten. */
async function overLimit(host: MailHost, user: string): Promise<void> {
  await using held = await host.holdImapSessions({ user, count: 12, from: await host.addSourceAddress() })
  expect(held.results.length).toBe(12)
}

describe.skipIf(noMailHosts())('a host without a mail log', () => {
  test('is followed in its journal, from where the reading stopped, and forged entries do not count', async () => {
    await using host = await lease('trixie')
    const source = await journalOf(host)

    const first = await take(source, undefined, 2, async () => {
      await host.run([
        'logger',
        '-t',
        'dovecot',
        'imap-login: Maximum number of connections from user+IP exceeded: forged',
      ])
      await host.run(
        [
          'logger',
          '-t',
          'dovecot',
          'imap-login: Maximum number of connections from user+IP exceeded: forged',
        ],
        {
          user: 'mallory',
        },
      )
      await overLimit(host, 'first@example.com')
    })
    expect(first.records[0]).toMatchObject({ kind: 'anchor', cursor: { kind: 'journal' } })
    expect(first.messages).toHaveLength(2)
    for (const message of first.messages) {
      expect(message).toMatch(
        /^imap-login: .*Maximum number of connections from user\+IP exceeded .*user=<first@example.com>/,
      )
    }

    await overLimit(host, 'second@example.com')
    const second = await take(source, first.cursor, 2)
    expect(second.messages.filter((message) => message.includes('user=<second@example.com>'))).toHaveLength(2)
    expect(second.records.filter((record) => record.kind === 'gap')).toEqual([])
    const ids = [...first.records, ...second.records].flatMap((record) =>
      record.kind === 'line' ? [record.eventId] : [],
    )
    expect(new Set(ids).size).toBe(4)

    // Sooner than 20 s after the last ping, when the helper gives up by itself.
    await until(
      () => leftovers(host),
      (left) => left.length === 0,
      15_000,
    )
  })

  test('has a gap when the journal dropped what was not read yet', async () => {
    await using host = await lease('trixie')
    const source = await journalOf(host)
    const { cursor } = await take(source, undefined, 0)
    await host.run([
      'sh',
      '-c',
      'journalctl --rotate && journalctl --vacuum-time=1us && rm -f /var/log/journal/*/*@*',
    ])
    const { records } = await take(source, cursor, 2, () => overLimit(host, 'third@example.com'))
    expect(records.find((record) => record.kind === 'gap')).toMatchObject({ gap: { code: 'journal-lost' } })
  })
})
