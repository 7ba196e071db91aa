import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import { readRecords } from '../../dev/mailhost/records.ts'
import { run } from '../../dev/mailhost/run.ts'
import { sweep } from '../../dev/mailhost/teardown.ts'
import { oneAtATime } from './one-at-a-time.ts'

oneAtATime()

/** Everything on this machine that belongs to the host with this address. */
async function tracesOf(address: string): Promise<readonly string[]> {
  const number = address.split('.')[2] ?? ''
  const id = `mailhost${number}`
  const groups = await run(['find', '/sys/fs/cgroup', '-type', 'd', '-path', `*/maillimit-hosts/${id}`])
  const links = await run(['ip', 'link', 'show', id])
  const processes = await run(['pgrep', '-f', `--machine=${id}( |$)`])
  return [
    ...groups.stdout.split('\n').filter(Boolean),
    ...(links.code === 0 ? [`link ${id}`] : []),
    ...(existsSync(`/run/netns/${id}`) ? [`namespace ${id}`] : []),
    ...processes.stdout
      .split('\n')
      .filter(Boolean)
      .map((pid) => `process ${pid}`),
    ...readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`/hosts/${number}/`)),
    ...(await readRecords())
      .filter((record) => String(record.number) === number)
      .map(({ name }) => `record ${name}`),
  ]
}

describe.skipIf(noMailHosts())('a mail host that ends', () => {
  test('leaves nothing behind', async () => {
    const host = await lease('bookworm', { disk: 'xfs' })
    await using held = await host.holdImapSessions({ user: 'taro@example.com', count: 3 })
    expect(await tracesOf(host.address)).not.toEqual([])
    await host[Symbol.asyncDispose]()
    expect(await tracesOf(host.address)).toEqual([])
    await expect.poll(() => held.stillOpen()).toBe(0)
  })

  // Whoever else syncs on this machine, syncs this disk too.
  test('in a power cut on XFS loses what was not synced, and nothing else', async () => {
    await using host = await lease('trixie', { disk: 'xfs' })
    await host.writeFile('/root/synced', 'kept')
    await host.run(['sync'])
    await host.writeFile('/root/unsynced', 'lost')
    await host.powerCut()
    await host.powerOn()
    expect((await host.readFile('/root/synced')).toString()).toBe('kept')
    const unsynced = await host.exec(['cat', '/root/unsynced'])
    expect(unsynced.stdout).toBe('')
    expect(await host.login('taro@example.com')).toEqual({ state: 'held' })
  })

  test('dies with its owner, even by SIGKILL, and the next start clears away the rest', async () => {
    const leaseUrl = new URL('../../dev/mailhost/lease.ts', import.meta.url).href
    const script = `
      const { lease } = await import(${JSON.stringify(leaseUrl)})
      const host = await lease('trixie')
      console.log(host.address, host.leaderPid())
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = (await once(owner.stdout, 'data')) as [Buffer]
    const [address = '', leaderPid] = said.toString().trim().split(' ')
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    await expect.poll(() => existsSync(`/proc/${leaderPid}`)).toBe(false)
    expect(await tracesOf(address)).not.toEqual([])
    await sweep()
    expect(await tracesOf(address)).toEqual([])
  })
})
