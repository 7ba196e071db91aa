import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { Release } from '../../dev/mailhost/recipe.ts'
import { connectHelper, type HelperAnswer, NO_RATES } from './helper-client.ts'
import { until } from './until.ts'

const VERSIONS: readonly Release[] = ['bookworm', 'trixie']
const FOLDER = '/etc/dovecot/conf.d'
const IMAP = `${FOLDER}/20-imap.conf`
const STATE = '/var/lib/maillimit'

/** What the host's processes made durable, renamed and ran while `work` was under way: `fsync PATH`, `rename FROM TO`, `run …`. */
async function traced(host: MailHost, work: () => Promise<void>): Promise<readonly string[]> {
  const calls = 'fsync,fdatasync,rename,renameat,renameat2,execve'
  const strace = `strace -f -qq -y -s 300 -e signal=none -e trace=${calls} -o /run/trace -p 1`
  await host.run(['sh', '-c', `${strace} >/dev/null 2>&1 </dev/null & echo $! >/run/tracer`])
  await until(
    async () => host.run(['sh', '-c', 'grep TracerPid: /proc/1/status']),
    (status) => !/\t0\n/.test(status),
  )
  await work()
  // What strace still holds back is written as it ends.
  await host.run([
    'sh',
    '-c',
    'p=$(cat /run/tracer); kill "$p"; while [ -e "/proc/$p" ]; do sleep 0.05; done',
  ])
  const begun = new Map<string, string>()
  return (await host.run(['cat', '/run/trace'])).split('\n').flatMap((written) => {
    // On a busy machine a call stands in two lines; it counts where it was done.
    const [, pid = '', half] = /^(\d+) +(.*) <unfinished \.\.\.>$/.exec(written) ?? []
    if (half !== undefined) begun.set(pid, half)
    const [, by = '', end] = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/.exec(written) ?? []
    const line = end === undefined ? written : `${by} ${begun.get(by) ?? ''}${end}`
    const [, call = '', rest = ''] = /^\d+ +(\w+)\((.*)\) += 0$/.exec(line) ?? []
    const words = [...rest.matchAll(/"([^"]*)"/g)].map(([, word]) => word)
    if (call.endsWith('sync')) return [`fsync ${/<(.*)>/.exec(rest)?.[1] ?? '?'}`]
    if (call.startsWith('rename')) return [`rename ${words.join(' ')}`]
    return call === 'execve' ? [`run ${words.slice(1).join(' ')}`] : []
  })
}

/** Journal, backup and new file, rename, folder, reload, end: each is durable before the next begins. */
function expectOrder(calls: readonly string[], id: string): void {
  const place = (what: string | RegExp, from = 0): number => {
    const found = calls.findIndex(
      (call, index) => index >= from && (typeof what === 'string' ? call === what : what.test(call)),
    )
    expect(found, `${what} in\n${calls.join('\n')}`).toBeGreaterThanOrEqual(0)
    return found
  }
  const record = `${STATE}/records/${id}`
  const journal = place(`rename ${record}/journal.new ${record}/journal`)
  for (const file of ['old', 'new', 'journal.new'])
    expect(place(`fsync ${record}/${file}`), file).toBeLessThan(journal)
  const open = place(`rename ${STATE}/open.new ${STATE}/open`)
  expect(place(`fsync ${STATE}/open.new`)).toBeLessThan(open)

  const backup = place(new RegExp(`^fsync ${IMAP}\\.\\d{8}-\\d{6}$`))
  for (const folder of [record, `${STATE}/records`, STATE])
    expect(place(`fsync ${folder}`, Math.max(journal, open)), folder).toBeLessThan(backup)
  const installed = place(`rename ${FOLDER}/.20-imap.conf.maillimit-new ${IMAP}`)
  expect(backup).toBeLessThan(installed)
  expect(place(`fsync ${FOLDER}/.20-imap.conf.maillimit-new`)).toBeLessThan(installed)
  expect(place(`fsync ${FOLDER}`, backup), 'the name of the backup').toBeLessThan(installed)

  const durable = place(`fsync ${FOLDER}`, installed)
  const noted = place(`fsync ${record}/reloading`)
  const reload = place(/^run systemctl .*reload dovecot/)
  expect(durable).toBeLessThan(noted)
  expect(noted).toBeLessThan(reload)
  const told = place(`fsync ${record}/transcript`, reload)
  expect(told).toBeLessThan(place(`fsync ${STATE}`, reload))
}

describe.skipIf(noMailHosts())('what a power cut would leave', () => {
  describe.concurrent.each(VERSIONS)('on %s', (release) => {
    test('is decided by the order of the syncs: journal, backup and new file, rename, folder, reload', async () => {
      await using host = await lease(release)
      const client = await connectHelper(host)
      await host.writeFile('/etc/maillimit.conf', NO_RATES)
      const change = (id: string, asked: () => Promise<HelperAnswer>, end: string) =>
        traced(host, async () => {
          const answer = await asked()
          expect(answer.end, answer.text).toBe(end)
          // The end is heard before the helper has tidied up after it.
          await host.run(['flock', '-w', '30', `${STATE}/records/${id}/alive`, 'true'])
        })
      const raised = await change('traced-0001', () => client.raise('traced-0001', 20), 'ok applied')
      expectOrder(raised, 'traced-0001')
      const undo = () => client.rollBack('traced-0002', 'traced-0001')
      expectOrder(await change('traced-0002', undo, 'ok rolled-back'), 'traced-0002')
    })
  })
})
