import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import { startDemo } from './demo-process.ts'
import { stillThere, tracesOf } from './demo-traces.ts'

/** Of util-linux, which every Linux has. */
const SETPRIV = 'setpriv'

describe.skipIf(noMailHosts())('a demo that ends', () => {
  it('by Ctrl-C leaves nothing behind', async () => {
    await using demo = startDemo()
    await demo.url
    const traces = await tracesOf(demo.pid)
    expect(await stillThere(traces)).toEqual([...traces.keys()])
    expect(traces.size).toBe(9)
    expect(await demo.end('SIGINT')).toBe(0)
    expect(await stillThere(traces)).toEqual([])
  })

  it('by SIGKILL takes bot and mail host along, and the next start clears away the rest within seconds', async () => {
    await using killed = startDemo('bookworm')
    await killed.url
    const traces = await tracesOf(killed.pid)
    expect(traces.size).toBe(9)
    expect(await killed.end('SIGKILL')).toBe('SIGKILL')
    const processes = new Map([...traces].filter(([name]) => name.includes('process')))
    await expect.poll(() => stillThere(processes)).toEqual([])
    const startedAt = performance.now()
    await using next = startDemo('bookworm')
    await next.url
    // Five seconds on an idle machine of two cores; a busy one may take its time, but not that of making the disk anew.
    expect(performance.now() - startedAt).toBeLessThan(45_000)
    expect(await next.end('SIGTERM')).toBe(0)
    expect(await stillThere(traces)).toEqual([])
  })

  it('by SIGKILL at any moment of its start leaves nothing that the next start does not clear away', async () => {
    const all: (readonly [string, Awaited<ReturnType<typeof tracesOf>>])[] = []
    for (const afterMs of [0, 300, 700, 1200, 2000]) {
      await using killed = startDemo()
      await killed.begun
      await sleep(afterMs)
      all.push([`killed after ${afterMs} ms`, await tracesOf(killed.pid)])
      await killed.end('SIGKILL')
    }
    expect(all.some(([, traces]) => traces.size > 0)).toBe(true)
    await using next = startDemo()
    await next.url
    expect(await next.end('SIGINT')).toBe(0)
    for (const [when, traces] of all) expect([when, await stillThere(traces)]).toEqual([when, []])
  })

  it('by Ctrl-C while it starts ends in order', async () => {
    await using demo = startDemo()
    await demo.begun
    await sleep(500)
    const traces = await tracesOf(demo.pid)
    expect(await demo.end('SIGINT')).toBe(0)
    expect(await stillThere(traces)).toEqual([])
  })
})

describe.skipIf(process.getuid?.() !== 0)('a demo that cannot run', () => {
  it('says precisely what it needs, and exits with 4', () => {
    const entry = resolve(import.meta.dirname, '../../dev/demo/cli.ts')
    const withoutRights = ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', process.execPath, entry]
    const result = spawnSync(SETPRIV, withoutRights, { encoding: 'utf8' })
    expect(result.status).toBe(4)
    expect(result.stderr).toMatch(/cannot run here: root without CAP_SYS_ADMIN/)
    expect(result.stderr).toMatch(/debootstrap and systemd-container/)
  })

  it.each([[['slackware']], [['trixie', 'bookworm']], [['--port', 'x']], [['--nonsense']]])(
    'does not understand %j: usage, exit code 2',
    (args) => {
      const entry = resolve(import.meta.dirname, '../../dev/demo/cli.ts')
      const result = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' })
      expect([result.status, result.stderr]).toEqual([2, expect.stringMatching(/^usage: npm run demo/)])
    },
  )
})
