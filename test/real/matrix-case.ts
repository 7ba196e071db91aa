import { expect } from 'vitest'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { Stage } from '../scenario/stage.ts'
import { faultAt, faultReached, release } from './fault-points.ts'
import type { MatrixPoint } from './matrix-points.ts'
import { approve, belief, type Belief, change, propose, recordOf } from './matrix-stage.ts'
import { expectWhole, IMAP, type World, worldOf } from './settled-change.ts'
import { until } from './until.ts'

export const KINDS = ['raise', 'rollback'] as const
export const FAULTS = ['helper', 'session', 'bot', 'network', 'disk-full', 'power-cut', 'reboot'] as const

export type Case = {
  readonly kind: (typeof KINDS)[number]
  readonly point: MatrixPoint
  readonly fault: (typeof FAULTS)[number]
}

/** What the cases on one stage hand on. */
export type Track = {
  /** The newest raise that was not rolled back. */
  reversible: string | undefined
  /** What the case before left. */
  world: World | undefined
  played: number
}

/** One case, from the plan to the moment when host, store and thread say the same; returns how the change ended. Throws if anything is not whole. */
export async function play(stage: Stage, track: Track, { kind, point, fault }: Case): Promise<string> {
  const { host } = stage
  track.played += 1
  if (track.reversible === undefined && kind === 'rollback') {
    const { value } = track.world ?? (await worldOf(host))
    track.reversible = await change(stage, `raise ${host.name} imap ${Number(value) + 1}`)
    track.world = undefined
  }
  const before = track.world ?? (await worldOf(host))
  const value = kind === 'raise' ? Number(before.value) + 1 : await valueBefore(host, track.reversible ?? '')
  const words =
    kind === 'raise' ? `raise ${host.name} imap ${value}` : `rollback ${track.reversible ?? 'nothing'}`
  const proposal = await propose(stage, words)
  const left = point.step === 'heal' ? await leaveUnfinished(host, track, kind, value) : undefined
  await host.run(['sync', '-f', '/etc/dovecot'])
  await faultAt(host, proposal.id, point.at, fault === 'helper' ? 'kill' : 'hold')
  await approve(stage, proposal)
  await faultReached(host)
  await strike(stage, proposal.id, fault, track.played)

  const believed = await belief(stage, proposal)
  const known = await recordOf(stage, proposal.id)
  track.world = await expectWhole(host, known.end, before, String(value))
  expectAgreement(fault, believed, known)
  await expectNothingHeld(host, /^ok (applied|rolled-back)$/.test(known.end))
  if (left !== undefined) expect((await recordOf(stage, left)).end).toBe('refused interrupted')
  expect(await host.login('taro@example.com')).toEqual({ state: 'held' })
  if (known.end === 'ok applied') track.reversible = proposal.id
  if (known.end === 'ok rolled-back') track.reversible = undefined
  return known.end.replace(/^(ok|refused|failed) /, '')
}

/**
 * Until not even one more block can be had, twice in a row, since what was deleted a moment ago is freed a moment later. By single
 * blocks at the end: a large write gives up while there is still room for a small one.
 */
const FILL = `
  fallocate -l "$(($(df --output=avail -B1 /etc/dovecot | tail -n 1) - 8388608))" /root/filler
  full=0 tries=0
  while [ "$full" -lt 2 ]; do
    tries=$((tries + 1))
    [ "$tries" -le 4000 ] || exit 1
    cat /dev/zero >>/root/filler 2>/dev/null
    if head -c 4096 /dev/zero >"/root/filler.$tries" 2>/dev/null && sync "/root/filler.$tries" 2>/dev/null; then full=0; else full=$((full + 1)); fi
    # The last word has the folder itself.
    if [ "$full" -ge 2 ] && head -c 4096 /dev/zero >/etc/dovecot/room 2>/dev/null; then
      mv /etc/dovecot/room "/root/filler.room.$tries"
      full=0
    fi
  done
  rm -f /etc/dovecot/room`

/** What happens while the helper stands at the point. */
async function strike(stage: Stage, id: string, fault: Case['fault'], number: number): Promise<void> {
  const { host } = stage
  switch (fault) {
    case 'helper':
      return
    case 'session':
      await host.run(['pkill', '-KILL', '-u', 'maillimit'])
      return release(host)
    case 'bot':
      await stage.bot.kill()
      // In turns: the bot comes back while the helper is still at it, and when it has ended.
      if (number % 2 === 0) {
        await release(host)
        await over(host, id)
      }
      await stage.restartBot()
      return release(host)
    case 'network':
      await host.cutNetwork()
      await release(host)
      await over(host, id)
      return host.restoreNetwork()
    case 'disk-full':
      await host.run(['sh', '-c', FILL])
      await release(host)
      await over(host, id)
      await host.run(['sh', '-c', 'rm -f /root/filler*'])
      return
    case 'power-cut':
      // Nobody says goodbye.
      await host.cutNetwork()
      await host.powerCut()
      await host.powerOn()
      return host.restoreNetwork()
    case 'reboot':
      return host.reboot()
    default:
      fault satisfies never
  }
}

/** Nobody works on the change any more, whether or not it could write down how it ended. */
async function over(host: MailHost, id: string): Promise<void> {
  await host.run(['flock', '-w', '90', `/var/lib/maillimit/records/${id}/alive`, 'true'])
}

/**
 * Another change that was cut short just before it replaced the file, with nobody left to notice: the next helper that
 * takes the lock settles it, which leaves every byte as it was.
 */
async function leaveUnfinished(
  host: MailHost,
  track: Track,
  kind: Case['kind'],
  value: number,
): Promise<string> {
  const id = `left-over-${host.name.replace(/[^a-z0-9]/g, '')}-${track.played}`
  const wanted = kind === 'raise' ? `service=imap value=${value}` : `of=${track.reversible ?? ''}`
  const plan = await host.run(['/usr/local/libexec/maillimit-host'], {
    input: `maillimit/1 plan ${wanted}\n`,
  })
  const digest = /^plan\t.*\t([0-9a-f]{64})$/m.exec(plan)?.[1] ?? ''
  await host.run(['systemctl', 'stop', 'maillimit-heal.timer'])
  await faultAt(host, id, { step: 'install', call: 'sha256sum*', nth: 1 }, 'kill')
  const verb = kind === 'raise' ? 'apply' : 'rollback'
  const expires = Math.floor(Date.now() / 1000) + 600
  const request = `maillimit/1 ${verb} id=${id} ${wanted} digest=${digest} actor=U0OTHER expires=${expires}\n`
  const other = host.exec(
    ['systemd-run', '--quiet', '--pipe', '--unit=other-bot', '/usr/local/libexec/maillimit-host'],
    { input: request },
  )
  await faultReached(host)
  await host.run(['systemctl', 'kill', '--signal=KILL', 'other-bot.service'])
  await other
  await host.exec(['systemctl', 'reset-failed', 'other-bot.service'])
  return id
}

async function valueBefore(host: MailHost, id: string): Promise<number> {
  const journal = await host.readFile(`/var/lib/maillimit/records/${id}/journal`)
  return Number(/^old (\d+)$/m.exec(journal.toString())?.[1])
}

/** Store, thread and host tell one story. */
function expectAgreement(
  fault: Case['fault'],
  believed: Belief,
  known: { readonly end: string; readonly steps: readonly string[] },
): void {
  const ends: Readonly<Record<string, string>> = {
    'ok applied': 'verifying applied',
    'ok rolled-back': 'verifying rolled-back',
    'refused voided': 'refused voided',
    'failed restored': 'restored restored',
  }
  const [outcome = '', code = ''] = known.end.split(' ')
  const wanted = ends[known.end] ?? (outcome === 'refused' ? `refused refused ${code}` : known.end)
  expect(`${believed.state} ${believed.end}`, believed.told).toMatch(new RegExp(`^${wanted}`))
  const words: Readonly<Record<string, string>> = {
    verifying: 'Done, being watched: ',
    refused: 'Refused by the host, nothing was changed: ',
    restored: 'Failed and put back, the old limit is in force: ',
  }
  expect(believed.told).toContain(words[believed.state])
  const told = `the bot knows ${believed.steps.join(', ')}; the host ${known.steps.join(', ')}`
  if (fault === 'power-cut') expect(isRetold(believed.steps, known.steps), told).toBe(true)
  else expect(believed.steps, told).toEqual(known.steps)
}

/**
 * A host that lost power has forgotten the last steps before it, which the bot has seen, and goes on with "heal". A bot that heard the
 * end before that does not ask again.
 */
function isRetold(believed: readonly string[], known: readonly string[]): boolean {
  const healed = known.lastIndexOf('heal ok')
  const before = healed === -1 ? known : known.slice(0, healed)
  const after = healed === -1 ? [] : known.slice(healed)
  const begun = believed.slice(0, before.length).join() === before.join()
  const heardTheEnd = believed.at(-1) === 'after ok' && !believed.includes('heal ok')
  return begun && (heardTheEnd || believed.slice(believed.length - after.length).join() === after.join())
}

/**
 * No lock, no scratch folder, no process of a change; and Dovecot runs with the file as it is: its log process is no older, unless the file
 * is the old one.
 */
async function expectNothingHeld(host: MailHost, isChanged: boolean): Promise<void> {
  const script = `
    flock -n /var/lib/maillimit/lock true || echo 'the lock is held'
    systemctl list-units --plain --no-legend 'maillimit-rem-*' 'maillimit-again-*' 'maillimit-left-*'
    for scratch in /run/maillimit/scratch-*; do
      [ ! -e "$scratch" ] || [ -e "/proc/\${scratch##*-}" ] || echo "$scratch"
    done
    age=$(ps -o etimes= -p "$(pgrep -n -f '^dovecot/log')")
    [ ${isChanged ? '$(($(date +%s) - age + 1)) -ge "$(stat -c %Z ' + IMAP + ')"' : '-n "$age"'} ] || echo 'Dovecot has not read the file'`
  await until(
    async () => host.run(['sh', '-c', script]),
    (held) => held === '',
  )
}
