import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { reportCommand } from '../../src/cli/report.ts'

const folder = mkdtempSync(join(tmpdir(), 'maillimit-report-'))
afterAll(() => rmSync(folder, { recursive: true }))

const WORDS = 'Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)'

function hit(
  time: string,
  user: string,
  facts: { service?: string; rip?: string; session?: string } = {},
): string {
  const { service = 'imap', rip = '203.0.113.9', session = `${time} ${user}` } = facts
  return `2026-11-24T${time}+00:00 mx dovecot[42]: ${service}-login: Disconnected: ${WORDS}: user=<${user}>, method=PLAIN, rip=${rip}, lip=198.51.100.4, TLS, session=<${session}>`
}

const LOG = [
  hit('08:00:00', 'taro@example.com'),
  '2026-11-24T08:00:00+00:00 mx dovecot[42]: imap-login: Login: user=<taro@example.com>, method=PLAIN, rip=203.0.113.9',
  hit('08:00:01', 'taro@example.com'),
  hit('08:00:01', 'taro@example.com'),
  hit('09:30:00', 'taro@example.com'),
  hit('09:30:00', 'hana\u202e@example.com', { service: 'pop3', rip: '2001:db8:0:7::9' }),
  `2026-11-24T08:00:00+00:00 mx dovecot[42]: imap-login: Disconnected: Connection closed (auth failed, 1 attempts): user=<imap-login: ${WORDS}: user=<ceo>>, rip=203.0.113.9`,
  'words that only look alike: +IP exceeded',
  '',
].join('\n')

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function report(args: readonly string[], stdin: string | Buffer = '') {
  const out: string[] = []
  const err: string[] = []
  const code = await reportCommand(args, {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
  })
  return { code, out: out.join(''), err: err.join('') }
}

describe('maillimit report', () => {
  test('counts the hits of each user, client, service and limit, and leaves out what only looks like one', async () => {
    const { code, out, err } = await report(['--json', file('mail.log', LOG)])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toEqual({
      hits: 4,
      ignored: 1,
      repeated: 1,
      firstAtMs: Date.UTC(2026, 10, 24, 8),
      lastAtMs: Date.UTC(2026, 10, 24, 9, 30),
      rows: [
        {
          logHost: 'mx',
          service: 'imap',
          user: 'taro@example.com',
          userCut: false,
          client: '203.0.113.9',
          limit: 10,
          hits: 3,
          firstAtMs: Date.UTC(2026, 10, 24, 8),
          lastAtMs: Date.UTC(2026, 10, 24, 9, 30),
          mostTogether: 2,
          suggestedValue: 20,
          why: '10 open, 2 refused at the same moment, and head room: 20.',
        },
        expect.objectContaining({ service: 'pop3', client: '2001:db8:0:7::/64', hits: 1, mostTogether: 1 }),
      ],
      hours: [
        { atMs: Date.UTC(2026, 10, 24, 8), hits: 2 },
        { atMs: Date.UTC(2026, 10, 24, 9), hits: 2 },
      ],
      unread: [],
    })
  })

  test('prints a table, the hours and what would have done, with invisible characters spelled out', async () => {
    const { out } = await report([file('mail.log', LOG)])
    expect(out).toMatch(/^4 refused logins in 1 log, 2026-11-2\d \d\d:\d\d:00 to 2026-11-2\d \d\d:30:00\n/)
    expect(out).toContain('1 line left out: the words are there, but Dovecot did not say them')
    expect(out).toContain('1 line left out: the same session, written twice.')
    expect(out).toMatch(/^ {3}3 {2}taro@example\.com {10}203\.0\.113\.9 {8}imap {5}10 {5}2026-/m)
    expect(out).toContain('hana\\u{202e}@example.com')
    expect(out).toMatch(/^2026-11-2\d \d\d:\d\d {2}2 {2}█{40}$/m)
    expect(out).toContain('imap: a limit of 20 would have done.\npop3: a limit of 20 would have done.\n')
  })

  test.each([
    ['gzip', gzipSync(LOG)],
    [
      'gzip in two members, as logrotate never but cat does',
      Buffer.concat([gzipSync(LOG.slice(0, 500)), gzipSync(LOG.slice(500))]),
    ],
    ['zstd', zstdCompressSync(LOG)],
  ])('unpacks %s, whatever the name', async (_, packed) => {
    const { code, out } = await report(['--json', file('mail.log.1', packed)])
    expect({ code, hits: JSON.parse(out).hits }).toEqual({ code: 0, hits: 4 })
    const piped = await report(['--json', '-'], packed)
    expect({ code: piped.code, hits: JSON.parse(piped.out).hits }).toEqual({ code: 0, hits: 4 })
  })

  test('reads standard input', async () => {
    const { code, out } = await report(['-'], LOG)
    expect(code).toBe(0)
    expect(out).toMatch(/^4 refused logins in 1 log/)
  })

  test('adds several logs up, and counts a file given twice once', async () => {
    const older = file('older.log', `${hit('07:00:00', 'taro@example.com')}\n`)
    const newer = file('mail.log', LOG)
    const { out } = await report(['--json', older, newer, newer])
    expect(JSON.parse(out)).toMatchObject({ hits: 5, repeated: 6, firstAtMs: Date.UTC(2026, 10, 24, 7) })
  })

  test('takes the year of lines without one from the time of the file', async () => {
    const { out } = await report([
      '--json',
      file('old.log', `Jan  2 03:04:05 mx ${hit('08:00:00', 'taro').split(' mx ')[1]}\n`),
    ])
    const written = new Date(JSON.parse(out).firstAtMs)
    expect([written.getMonth(), written.getDate(), written.getHours()]).toEqual([0, 2, 3])
  })

  test('says so when there is nothing', async () => {
    expect(await report([file('empty.log', '')])).toEqual({
      code: 0,
      out: 'No refused logins in 1 log: nobody reached mail_max_userip_connections.\n',
      err: '',
    })
  })

  test.each([
    [
      'a file that is not there',
      () => join(folder, 'none.log'),
      'cannot be read (ENOENT: no such file or directory).',
    ],
    ['a folder', () => folder, 'cannot be read (EISDIR: illegal operation on a directory).'],
    [
      'a damaged archive',
      () => file('bad.gz', gzipSync(LOG).subarray(0, 60)),
      'cannot be read (unexpected end of file).',
    ],
    [
      'an xz archive',
      () => file('mail.log.2.xz', Buffer.from('fd377a585a000004', 'hex')),
      'is packed with xz',
    ],
    ['a bzip2 archive', () => file('mail.log.2.bz2', 'BZh91AY'), 'is packed with bzip2'],
  ])('names %s, goes on with the others, and exits with 1', async (_, make, reason) => {
    const path = make()
    const { code, out, err } = await report([path, file('mail.log', LOG)])
    expect(code).toBe(1)
    expect(err).toContain(`maillimit: ${path} ${reason}`)
    expect(err.split('\n')).toHaveLength(3)
    expect(out).toContain('refused logins in 1 log')
  })

  test('puts what it could not read into the JSON, too', async () => {
    const { code, out } = await report(['--json', join(folder, 'none.log')])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ hits: 0, unread: [{ code: 'log-unreadable' }] })
  })

  test.each([[[]], [['--json']], [['--yaml', 'mail.log']]])('does not understand %j', async (args) => {
    const { code, err } = await report(args)
    expect(code).toBe(2)
    expect(err).toContain('usage: maillimit report')
  })

  test('counts a flood in a few megabytes', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) =>
      hit('08:00:00', `user${index % 100}`, { session: String(index) }),
    )
    const { out } = await report(['--json', file('flood.log', lines.join('\n'))])
    const { hits, rows } = JSON.parse(out)
    expect({ hits, rows: rows.length, most: rows[0].mostTogether }).toEqual({
      hits: 20_000,
      rows: 100,
      most: 200,
    })
  })
})
