import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { runChecked } from '../../dev/mailhost/run.ts'
import { approval, connectHelper, NO_RATES, refusal, steps } from './helper-client.ts'
import type { HelperAnswer, HelperClient } from './helper-client.ts'
import { seenFromOutside } from './host-state.ts'
import { until } from './until.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']
const FOLDER = '/etc/dovecot/conf.d'
const IMAP = `${FOLDER}/20-imap.conf`

/** A host whose `systemctl … reload …` first runs /run/on-reload, if there is one, and is not run if that fails. */
async function faultyHost(host: MailHost): Promise<HelperClient> {
  const client = await connectHelper(host)
  await host.writeFile('/etc/maillimit.conf', NO_RATES)
  await replace(
    host,
    'systemctl',
    'case " $* " in *" reload "*) [ ! -e /run/on-reload ] || sh /run/on-reload || exit 1 ;; esac',
  )
  // It would heal at a moment of its own, and what a request answers depends on who was quicker.
  await host.run(['systemctl', 'stop', 'maillimit-heal.timer'])
  return client
}

/** A program that does something else first. */
async function replace(host: MailHost, program: string, script: string): Promise<void> {
  await host.writeFile('/root/replacement', `#!/bin/sh\n${script}\nexec /usr/bin/${program}.real "$@"\n`)
  await host.run([
    'sh',
    '-c',
    `mv /usr/bin/${program} /usr/bin/${program}.real; cp /root/replacement /usr/bin/${program}; chmod 755 /usr/bin/${program}`,
  ])
}

async function effective(host: MailHost): Promise<string> {
  return (await host.run(['doveconf', '-f', 'protocol=imap', '-h', 'mail_max_userip_connections'])).trim()
}

async function files(host: MailHost): Promise<string> {
  return host.run([
    'sh',
    '-c',
    'cd /etc/dovecot && find . -printf "%p %m %u %y\\n" | sort; find . -type f | sort | xargs sha256sum; find /var/lib/maillimit -name open',
  ])
}

/** Dovecot has taken up the last reload. */
async function settled(client: HelperClient): Promise<void> {
  await until(
    async () => (await client.ask('maillimit/1 plan service=imap value=20')).end,
    (end) => end === 'ok plan',
  )
}

/** Does the attempt, and sees that the host ends as it began. */
async function expectAsBefore(host: MailHost, attempt: () => Promise<HelperAnswer>): Promise<HelperAnswer> {
  const before = await files(host)
  const value = await effective(host)
  const answer = await attempt()
  expect(await files(host), answer.text).toBe(before)
  expect(await effective(host)).toBe(value)
  expect((await host.exec(['doveconf', '-n'])).code).toBe(0)
  return answer
}

describe.skipIf(noMailHosts())('a change on a host in trouble', () => {
  describe.concurrent.each(VERSIONS)('on %s', (release) => {
    test('is refused before anything is touched when the new file cannot be written', async () => {
      await using host = await lease(release)
      const client = await faultyHost(host)

      await host.run(['sh', '-c', `mount --bind ${FOLDER} ${FOLDER} && mount -o remount,ro,bind ${FOLDER}`])
      const readOnly = await expectAsBefore(host, () => client.raise('read-only-01', 20))
      expect(readOnly.end).toBe('refused backup')
      expect(readOnly.text).toContain('Read-only file system')
      await host.run(['umount', FOLDER])

      await host.run([
        'sh',
        '-c',
        `cp -a ${FOLDER} /root/saved && mount -t tmpfs -o size=1m,mode=755 none ${FOLDER} && cp -a /root/saved/. ${FOLDER}`,
      ])
      await host.run(['systemctl', 'reload', 'dovecot'])
      await host.exec(['sh', '-c', `cat /dev/zero >${FOLDER}/zeros`])
      await settled(client)
      const full = await expectAsBefore(host, () => client.raise('full-disk-1', 20))
      expect(full.end).toBe('refused backup')
      expect(full.text).toContain('No space left on device')
      // Room for the backup, but not for the new file.
      await host.run(['sh', '-c', `truncate -s $(($(stat -c %s ${FOLDER}/zeros) - 8192)) ${FOLDER}/zeros`])
      const nearlyFull = await expectAsBefore(host, () => client.raise('full-disk-2', 20))
      expect(nearlyFull.end).toMatch(/^refused (write|backup)$/)
      await host.run(['umount', FOLDER])

      await host.run([
        'sh',
        '-c',
        'mount -t tmpfs -o size=64k,mode=700 none /var/lib/maillimit && cat /dev/zero >/var/lib/maillimit/zeros || :',
      ])
      const plan = await client.digest('service=imap value=20')
      const stateless = await expectAsBefore(host, () =>
        client.ask(`maillimit/1 apply id=stateless-1 service=imap value=20 digest=${plan} ${approval()}`),
      )
      expect(stateless.end).toBe('failed state')
      await host.run(['umount', '/var/lib/maillimit'])

      await runChecked(['chattr', '+i', seenFromOutside(host, IMAP)])
      const immutable = await expectAsBefore(host, () => client.raise('immutable-1', 20))
      expect(immutable.end).toBe('refused install')
      expect(immutable.text).toContain('Operation not permitted')
      await runChecked(['chattr', '-i', seenFromOutside(host, IMAP)])

      // Whoever can write into the folder could lay a link there, and choose what root overwrites.
      for (const [folder, make] of [
        ['/tmp', 'ls'],
        ['/srv/theirs', 'mkdir /srv/theirs && chown mallory /srv/theirs'],
      ] as const) {
        await host.run(['sh', '-c', make])
        await host.writeFile('/etc/maillimit.conf', `${NO_RATES}backup_dir = ${folder}\n`)
        const theirs = await expectAsBefore(host, () => client.raise(`theirs-0${folder.length}`, 20))
        expect(refusal(theirs)).toEqual(['backup', folder, '-'])
      }
      await host.writeFile('/etc/maillimit.conf', NO_RATES)

      const after = await client.raise('at-last-01', 20)
      expect(after.end, after.text).toBe('ok applied')
    })

    test('is undone when the reload fails, whatever else goes wrong meanwhile', async () => {
      await using host = await lease(release)
      const client = await faultyHost(host)

      await host.writeFile('/run/on-reload', 'rm /run/on-reload; exit 1\n')
      const failed = await expectAsBefore(host, () => client.raise('no-reload-01', 20))
      expect(failed.end).toBe('failed restored')
      expect(steps(failed).slice(-4)).toEqual(['reload failed', 'restore ok', 'revalidate ok', 'rereload ok'])

      // The check after the rename fails: nothing was reloaded, so nothing is reloaded again, and the next plan is not misled.
      await replace(
        host,
        'doveconf',
        `if [ -e /run/doveconf-fails ] && grep -q '= 20' ${IMAP} && [ "$(readlink /proc/self/ns/mnt)" = "$(readlink /proc/1/ns/mnt)" ]; then exit 89; fi`,
      )
      await host.writeFile('/run/doveconf-fails', '')
      const invalid = await expectAsBefore(host, () => client.raise('invalid-001', 20))
      expect(invalid.end, invalid.text).toBe('failed restored')
      expect(steps(invalid).slice(-4)).toEqual([
        'validate failed',
        'restore ok',
        'revalidate ok',
        'rereload skipped',
      ])
      await host.run(['rm', '/run/doveconf-fails'])
      expect((await client.ask('maillimit/1 plan service=imap value=20')).end).toBe('ok plan')

      // The disk fills up between the change and its undoing: a rename of the backup needs no room.
      await host.run([
        'sh',
        '-c',
        `cp -a ${FOLDER} /root/saved && mount -t tmpfs -o size=1m,mode=755 none ${FOLDER} && cp -a /root/saved/. ${FOLDER}`,
      ])
      await host.run(['systemctl', 'reload', 'dovecot'])
      await settled(client)
      await host.writeFile('/run/on-reload', `rm /run/on-reload; cat /dev/zero >${FOLDER}/zeros; exit 1\n`)
      const content = await host.readFile(IMAP)
      const crowded = await client.raise('crowded-001', 20)
      expect(crowded.end, crowded.text).toBe('failed restored')
      expect(await host.readFile(IMAP)).toEqual(content)
      await host.run(['rm', `${FOLDER}/zeros`])

      // A colleague edits the file at that very moment: it is left alone, and the way back is named.
      await host.writeFile('/run/on-reload', `rm /run/on-reload; echo '# mine' >>${IMAP}; exit 1\n`)
      const edited = await client.raise('colleague-1', 20)
      expect(edited.end).toBe('failed needs-operator')
      expect(refusal(edited)).toEqual(['needs-operator', IMAP, '-'])
      expect(edited.text).toContain(`cp -p ${IMAP}.`)
      expect((await host.readFile(IMAP)).toString()).toContain('# mine')
      await until(
        async () => (await host.exec(['test', '-e', '/var/lib/maillimit/open'])).code,
        (code) => code === 1,
      )
    })

    test('is undone where not even an empty file can be made any more, and not repeated where nothing can be written', async () => {
      await using host = await lease(release)
      const client = await faultyHost(host)
      const state = '/var/lib/maillimit'
      await host.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,nr_inodes=60,mode=700', 'none', state])
      const before = await host.readFile(IMAP)

      await host.writeFile(
        '/run/on-reload',
        `rm /run/on-reload; n=0; while true >${state}/records/zz-$n; do n=$((n + 1)); done 2>/dev/null; exit 1\n`,
      )
      const crowded = await client.raise('no-inodes-1', 20)
      expect(crowded.end, crowded.text).toBe('failed restored')
      expect(steps(crowded).slice(-4)).toEqual([
        'reload failed',
        'restore ok',
        'revalidate ok',
        'rereload ok',
      ])
      expect(await host.readFile(IMAP)).toEqual(before)
      await host.run(['sh', '-c', `rm ${state}/records/zz-*`])

      expect((await client.raise('no-room-001', 20)).end).toBe('ok applied')
      // The end was never written, and there is room for nothing: what it has is as long as a page.
      await host.run([
        'sh',
        '-c',
        `cd ${state}/records/no-room-001 && sed -i '$d' transcript && size=$(stat -c %s transcript) &&
         { head -c $((4095 - size)) /dev/zero | tr '\\0' x; echo; } >>transcript && echo no-room-001 >../../open
         cat /dev/zero >${state}/zeros 2>/dev/null || :`,
      ])
      const logChild = () => host.run(['pgrep', '-x', '-f', 'dovecot/log'])
      const reloaded = await logChild()
      for (const request of ['heal', 'plan service=imap value=30']) {
        const answer = await client.ask(`maillimit/1 ${request}`)
        expect(answer.end, answer.text).toBe('refused state')
        expect(refusal(answer)).toEqual(['state', state, '-'])
      }
      expect(await logChild()).toBe(reloaded)
      await host.run(['rm', `${state}/zeros`])
      expect((await client.ask('maillimit/1 heal')).end).toBe('ok no-room-001')
      expect((await client.ask('maillimit/1 status id=no-room-001')).end).toBe('ok applied')
      expect(await effective(host)).toBe('20')
    })

    test('waits for a master that is blocked, and is undone when Dovecot is gone', async () => {
      await using host = await lease(release)
      const client = await faultyHost(host)
      await host.writeFile(
        '/run/on-reload',
        'rm /run/on-reload; master=$(cat /run/dovecot/master.pid); kill -STOP $master; (sleep 7; kill -CONT $master) & exit 0\n',
      )
      const blocked = await client.raise('blocked-001', 20)
      expect(blocked.end, blocked.text).toBe('ok applied')
      expect(await effective(host)).toBe('20')

      await host.writeFile(
        '/run/on-reload',
        'rm /run/on-reload; kill -KILL $(cat /run/dovecot/master.pid); sleep 0.5; exit 1\n',
      )
      const content = await host.readFile(IMAP)
      const gone = await client.raise('gone-0001', 30)
      expect(gone.end).toBe('failed needs-operator')
      expect(gone.text).toContain('Dovecot is not running')
      expect(await host.readFile(IMAP)).toEqual(content)
      expect(await effective(host)).toBe('20')
    })

    test('is refused when somebody saves the file during the trial, and their edit stays', async () => {
      await using host = await lease(release)
      const client = await faultyHost(host)
      const wanted = `service=imap value=20 digest=${await client.digest('service=imap value=20')} ${approval()}`
      await replace(
        host,
        'unshare',
        `[ ! -e /run/on-trial ] || { rm /run/on-trial; echo '# a colleague' >>${IMAP}; }`,
      )
      await host.run(['touch', '/run/on-trial'])
      const answer = await client.ask(`maillimit/1 apply id=during-trial ${wanted}`)
      expect(answer.end, answer.text).toBe('refused digest')
      expect((await host.readFile(IMAP)).toString()).toMatch(/# a colleague\n$/)
      expect(await host.run(['sh', '-c', `cd ${FOLDER}; ls -A | grep 20-imap`])).toBe('20-imap.conf\n')
      expect(await host.exec(['test', '-e', '/var/lib/maillimit/open'])).toMatchObject({ code: 1 })
    })

    test('goes on without systemd-run, and without the connection that asked for it', async () => {
      await using host = await lease(release)
      const client = await faultyHost(host)
      const digest = await client.digest('service=imap value=20')
      await host.writeFile(
        '/run/on-reload',
        'rm /run/on-reload; while [ ! -e /run/go ]; do sleep 0.1; done\n',
      )
      const abandoned = client.ask(
        `maillimit/1 apply id=abandoned-1 service=imap value=20 digest=${digest} ${approval()}`,
      )
      await until(
        async () => (await client.ask('maillimit/1 status id=abandoned-1')).text,
        (text) => text.includes('step\tbefore'),
      )
      expect((await client.ask('maillimit/1 status id=abandoned-1')).end).toBe('ok running')
      await host.run(['sh', '-c', 'pkill -KILL -u maillimit'])
      expect((await abandoned).end).toBe('')
      await host.run(['touch', '/run/go'])
      await until(
        async () => (await client.ask('maillimit/1 void id=abandoned-1')).end,
        (end) => end === 'ok applied',
      )

      await replace(host, 'systemd-run', 'exit 1')
      expect((await client.raise('by-setsid-1', 30)).end).toBe('ok applied')
      await replace(host, 'unshare', 'exit 1')
      const untried = await expectAsBefore(host, () => client.ask('maillimit/1 plan service=imap value=40'))
      expect(untried.end).toBe('refused no-namespace')
    })
  })
})
