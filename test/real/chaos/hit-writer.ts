import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { MailHost } from '../../../dev/mailhost/mail-host.ts'
import { numberedHit, USERS } from './numbered-hit.ts'

export type HitWriter = {
  /** Whose hit each number was, as an index of `USERS`. */
  readonly written: readonly number[]
  /** Writes as few lines as it ever does, for as long as this is so. */
  calm: boolean
  readonly stop: () => Promise<void>
}

const TICK_MS = 10
const LEAST_PER_S = 50
const MOST_PER_S = 3_000
const FIFO = '/run/chaos-hits'

/**
 * Writes numbered hits through the host's own /dev/log. Every few seconds another rate, from 50 to 3,000 lines a second, each order of
 * magnitude as likely as the other, and other users, so that alerts have time to be resolved and to come back.
 */
export function writeHits(program: ChildProcessWithoutNullStreams, random: () => number): HitWriter {
  const written: number[] = []
  let perSecond = 0
  let users: readonly number[] = []
  let changesAt = 0
  let due = 0
  let lastAt = performance.now()
  program.stdin.on('error', () => undefined)
  const timer = setInterval(() => {
    const now = performance.now()
    if (now >= changesAt) {
      changesAt = now + 1_000 + random() * 5_000
      perSecond = LEAST_PER_S * (MOST_PER_S / LEAST_PER_S) ** random()
      const first = Math.floor(random() * USERS.length)
      users = [first, (first + 1) % USERS.length, (first + 2) % USERS.length]
    }
    due += ((now - lastAt) / 1_000) * (writer.calm ? LEAST_PER_S : perSecond)
    lastAt = now
    // While the log takes nothing, nothing is owed to it either: loads do not pile up.
    if (program.stdin.writableNeedDrain) due = 0
    let text = ''
    for (; due >= 1; due--) {
      const user = users[Math.floor(random() * users.length)] ?? 0
      text += `${numberedHit(written.length, user)}\n`
      written.push(user)
    }
    if (text !== '') program.stdin.write(text)
  }, TICK_MS)
  const writer = {
    written,
    calm: false,
    async stop() {
      clearInterval(timer)
      const ended = new Promise<void>((resolve) => program.once('exit', () => resolve()))
      program.stdin.end()
      await ended
    },
  }
  return writer
}

/** What is written to it reaches the log as Dovecot's. */
export function loggerOn(host: MailHost): ChildProcessWithoutNullStreams {
  return host.spawn(['logger', '--tag', 'dovecot', '--priority', 'mail.info'])
}

/** The same from within Dovecot's own unit: the journal vouches for the unit of a process, and others do not count. */
export async function loggerInUnit(host: MailHost): Promise<ChildProcessWithoutNullStreams> {
  const command = `/bin/sh -c 'exec logger --tag dovecot --priority mail.info <${FIFO} &'`
  await host.run(['mkfifo', '--mode=0600', FIFO])
  await host.run(['mkdir', '-p', '/etc/systemd/system/dovecot.service.d'])
  await host.writeFile(
    '/etc/systemd/system/dovecot.service.d/hits.conf',
    `[Service]\nExecStartPost=${command}\n`,
  )
  await host.run(['systemctl', 'daemon-reload'])
  await host.run(['systemctl', 'restart', 'dovecot.service'])
  return host.spawn(['sh', '-c', 'exec cat >"$1"', 'sh', FIFO])
}
