import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { RELEASES } from '../../dev/mailhost/recipe.ts'
import { runChecked } from '../../dev/mailhost/run.ts'
import { connectHelper, field, NO_RATES, steps } from './helper-client.ts'
import type { HelperAnswer } from './helper-client.ts'
import { seenFromOutside } from './host-state.ts'
import { IMAP } from './settled-change.ts'

const FOLDER = '/etc/dovecot/conf.d'

/** A kernel without SELinux keeps the label as it keeps any attribute, so what becomes of it can be seen here too. */
const LABEL = 'system_u:object_r:dovecot_etc_t:s0'

/** Owner, mode and every extended attribute: ACL, SELinux label, the site's own. */
async function attributes(host: MailHost, path: string): Promise<string> {
  const outside = seenFromOutside(host, path)
  const { stdout } = await runChecked(['getfattr', '--absolute-names', '-d', '-m', '-', outside])
  const extended = stdout.replace(/^# file: .*\n/, '')
  return (await host.run(['stat', '-c', '%U:%G %a', path])) + extended
}

function backupOf(answer: HelperAnswer): string {
  const step = answer.records.find(([record, name]) => record === 'step' && name === 'backup')
  return step?.[4] ?? ''
}

/** The next reload fails once, after `meanwhile`; the one that undoes it does not. */
async function failReload(host: MailHost, meanwhile: string): Promise<void> {
  await host.writeFile('/run/on-reload', `rm /run/on-reload\n${meanwhile}\nexit 1\n`)
}

describe.skipIf(noMailHosts())(
  'a file with an owner, an ACL, an SELinux label and an attribute of its own',
  () => {
    describe.concurrent.each(RELEASES)('on %s', (release) => {
      test('keeps them all, and so does its backup, through a change, its rollback and its undoing', async () => {
        // XFS, as on Enterprise Linux, takes all of them.
        await using host = await lease(release, { disk: 'xfs' })
        const client = await connectHelper(host)
        await host.writeFile('/etc/maillimit.conf', NO_RATES)
        const unit =
          '[Service]\nExecReload=\nExecReload=/bin/sh -c "[ ! -e /run/on-reload ] || sh /run/on-reload"\n'
        await host.run(['mkdir', '-p', '/etc/systemd/system/dovecot.service.d'])
        await host.writeFile(
          '/etc/systemd/system/dovecot.service.d/fault.conf',
          `${unit}ExecReload=/usr/bin/doveadm reload\n`,
        )
        await host.run([
          'sh',
          '-c',
          `chown mallory:mail ${IMAP} && chmod 0640 ${IMAP} && setfacl -m u:sync:r,g:games:rw ${IMAP}
         systemctl daemon-reload && systemctl restart dovecot`,
        ])
        const outside = seenFromOutside(host, IMAP)
        await runChecked(['setfattr', '-n', 'security.selinux', '-v', LABEL, outside])
        await runChecked(['setfattr', '-n', 'user.origin', '-v', 'golden image 7', outside])
        await host.run(['systemctl', 'restart', 'dovecot'])
        const wanted = await attributes(host, IMAP)
        expect(wanted).toMatch(/^mallory:mail 660\n/)
        expect(wanted).toContain(`security.selinux="${LABEL}"`)
        expect(wanted).toContain('system.posix_acl_access=')
        expect(wanted).toContain('user.origin="golden image 7"')
        const original = await host.readFile(IMAP)

        const raised = await client.raise('raise-0001', 20)
        expect(raised.end, raised.text).toBe('ok applied')
        expect(await attributes(host, IMAP)).toBe(wanted)
        expect(await attributes(host, backupOf(raised))).toBe(wanted)

        const undone = await client.rollBack('back-0001', 'raise-0001')
        expect(undone.end, undone.text).toBe('ok rolled-back')
        expect(await attributes(host, IMAP)).toBe(wanted)
        expect(await attributes(host, backupOf(undone))).toBe(wanted)
        expect(await host.readFile(IMAP)).toEqual(original)

        await failReload(host, ':')
        const restored = await client.raise('restored-1', 20)
        expect(restored.end, restored.text).toBe('failed restored')
        expect(steps(restored)).toContain('restore ok')
        expect(await attributes(host, IMAP)).toBe(wanted)

        // On a full disk the backup itself takes the file's name again.
        await host.run([
          'sh',
          '-c',
          `cp -a ${FOLDER} /root/saved && mount -t tmpfs -o size=1m,mode=755 none ${FOLDER} && cp -a /root/saved/. ${FOLDER} || :
         systemctl restart dovecot`,
        ])
        await runChecked(['setfattr', '-n', 'security.selinux', '-v', LABEL, outside])
        await host.run(['systemctl', 'restart', 'dovecot'])
        const onTmpfs = await attributes(host, IMAP)
        expect(onTmpfs).toContain(LABEL)
        expect(onTmpfs).toContain('system.posix_acl_access=')
        await failReload(host, `cat /dev/zero >${FOLDER}/zeros`)
        const crowded = await client.raise('crowded-01', 20)
        expect(crowded.end, crowded.text).toBe('failed restored')
        expect(await attributes(host, IMAP)).toBe(onTmpfs)
        expect(await host.readFile(IMAP)).toEqual(original)
      })

      test('has its other names told in the plan when it has some: they keep the old content', async () => {
        await using host = await lease(release)
        const client = await connectHelper(host)
        await host.writeFile('/etc/maillimit.conf', NO_RATES)
        await host.run(['sh', '-c', `ln ${IMAP} /root/golden.conf && systemctl restart dovecot`])
        const plan = await client.ask('maillimit/1 plan service=imap value=20')
        expect(plan.end, plan.text).toBe('ok plan')
        expect(plan.records.find(([name]) => name === 'warn')?.slice(1, 5)).toEqual([
          'warning',
          'hard-link',
          IMAP,
          '-',
        ])
        expect(field(plan, 'warn', 5)).toContain('1 other name')
        expect((await client.raise('raise-0001', 20)).end).toBe('ok applied')
        expect((await host.readFile('/root/golden.conf')).toString()).not.toContain('connections = 20')
      })
    })
  },
)
