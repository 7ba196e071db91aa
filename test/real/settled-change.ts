import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { expect } from 'vitest'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { HelperClient } from './helper-client.ts'
import { seenFromOutside } from './host-state.ts'
import { until } from './until.ts'

export const IMAP = '/etc/dovecot/conf.d/20-imap.conf'

/** What a change that something happens to must not lose. */
export type World = {
  readonly content: Buffer
  readonly value: string
  readonly backups: readonly string[]
}

export async function effectiveLimit(host: MailHost): Promise<string> {
  return (await host.run(['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections'])).trim()
}

export async function worldOf(host: MailHost): Promise<World> {
  return worldWith(host, await effectiveLimit(host))
}

async function worldWith(host: MailHost, value: string): Promise<World> {
  const names = await readdir(seenFromOutside(host, dirname(IMAP)))
  return {
    content: await readFile(seenFromOutside(host, IMAP)),
    value,
    backups: names
      .filter((name) => name.startsWith(`${basename(IMAP)}.`))
      .map((name) => `${dirname(IMAP)}/${name}`),
  }
}

/** Asks until the id has an end; the asking itself has the host settle what was cut short. */
export async function settledEnd(client: HelperClient, verb: 'status' | 'void', id: string): Promise<string> {
  return until(
    async () => (await client.ask(`maillimit/1 ${verb} id=${id}`)).end,
    (end) => end !== 'ok running' && end !== '',
    60_000,
    // Each question is a helper of its own, which takes from the one that is at work.
    300,
  )
}

/** A helper may still be tidying up, so what vanishes meanwhile is no error. */
const NOTHING_LEFT =
  'find /etc/dovecot /var/lib/maillimit -ignore_readdir_race \\( -name "*maillimit-new*" -o -name open -o -name "*.new" -o -name ".new-*" \\) -print'

/** One of two worlds, whole, which is returned; the record says which; nothing is left of the way there. */
export async function expectWhole(
  host: MailHost,
  end: string,
  before: World,
  valueAfter: string,
): Promise<World> {
  expect(end).toMatch(/^(ok (applied|rolled-back|voided)|refused [a-z-]+|failed (restored|state))$/)
  const done = end === 'ok applied' || end === 'ok rolled-back'
  const [value = '', ...left] = (
    await host.run([
      'sh',
      '-c',
      `doveconf -n >/dev/null && doveconf -f protocol=imap -h mail_max_userip_connections && ${NOTHING_LEFT}`,
    ])
  )
    .trim()
    .split('\n')
  const after = await worldWith(host, value)
  expect(after.value).toBe(done ? valueAfter : before.value)
  if (!done) expect(after.content).toEqual(before.content)
  const fresh = after.backups.filter((path) => !before.backups.includes(path))
  expect(fresh).toHaveLength(done ? 1 : 0)
  if (done) expect(await readFile(seenFromOutside(host, fresh[0] ?? ''))).toEqual(before.content)
  if (left.length === 0) return after
  // An end that was written, but not yet tidied up after: the timer's work.
  await host.run(['/usr/local/libexec/maillimit-host'], { input: 'maillimit/1 heal\n' })
  await until(
    () => host.run(['sh', '-c', NOTHING_LEFT]),
    (still) => still === '',
  )
  return after
}
