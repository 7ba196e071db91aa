import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { installHelper } from '../../dev/mailhost/install-helper.ts'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { writeEntries } from './journal-entries.ts'
import { leftovers, numberedHit } from './log-chaos.ts'

type Conversation = {
  readonly child: ChildProcessWithoutNullStreams
  readonly ping: () => void
  /** Waits for a record that begins so, and returns its fields. */
  readonly until: (beginning: string, timeoutMs?: number) => Promise<readonly string[]>
  readonly records: () => readonly string[]
}

/** One request through the forced command with the system's own ssh, as plain as can be. */
function converse(config: string, alias: string, request: string): Conversation {
  const child = spawn('ssh', ['-F', config, alias])
  onTestFinished(() => {
    child.kill()
  })
  child.stdin.write(`${request}\n`)
  child.stdin.on('error', () => undefined)
  child.stderr.resume()
  let text = ''
  child.stdout.setEncoding('latin1')
  child.stdout.on('data', (data: string) => {
    text += data
  })
  const records = () => text.split('\n').slice(0, -1)
  let seen = 0
  return {
    child,
    records,
    ping: () => child.stdin.write('ping\n'),
    async until(beginning, timeoutMs = 30_000) {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        const all = records()
        const found = all.findIndex((record, index) => index >= seen && record.startsWith(beginning))
        if (found >= 0) {
          seen = found + 1
          return (all[found] ?? '').split('\t')
        }
        if (performance.now() > deadline)
          throw new Error(`no "${beginning}" came, but:\n${all.slice(seen).join('\n').slice(-2000)}`)
        await wait(20)
      }
    },
  }
}

/** A host whose log only the test writes. */
async function quietHost(): Promise<{
  host: MailHost
  follow: (more?: string) => Promise<Conversation>
  ask: (request: string) => Conversation
}> {
  const host = await lease('bookworm')
  onTestFinished(() => host[Symbol.asyncDispose]())
  await host.run(['systemctl', 'stop', 'syslog.socket', 'rsyslog.service'])
  const { configPath, alias } = await installHelper(host)
  await host.writeFile('/etc/maillimit.conf', `log = ${host.logPath}\n`)
  await host.writeFile(host.logPath, 'first line\n')
  const ask = (request: string) => converse(configPath, alias, `maillimit/1 ${request}`)
  return {
    host,
    ask,
    async follow(more = `file=${host.logPath} offset=end mark=-`) {
      const conversation = ask(`follow ${more}`)
      await conversation.until('at\t')
      return conversation
    },
  }
}

async function append(host: MailHost, data: string | Uint8Array): Promise<void> {
  await host.run(['sh', '-c', 'cat >>"$1"', 'sh', host.logPath], { input: data })
}

/** The helper also gives up by itself, 20 s after the last ping: sooner than that, it has noticed. */
async function nothingLeft(host: MailHost, withinMs = 15_000): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const left = await leftovers(host)
    if (left.length === 0 || performance.now() > deadline) return left
    await wait(200)
  }
}

describe.skipIf(noMailHosts())('a follow on a real host', () => {
  test('takes lines of any shape: broken UTF-8, NULs, a megabyte, and one that never ends', async () => {
    const { host, follow } = await quietHost()
    const conversation = await follow()

    const hit = numberedHit(1)
    await append(host, Buffer.from(`\u00FF\u00FE ${hit} \u00C3\u0028\n`, 'latin1'))
    expect((await conversation.until('line')).slice(1)).toEqual([
      '11',
      String(11 + hit.length + 7),
      '-',
      `\u00FF\u00FE ${hit} \u00C3(`,
    ])

    const { size } = await place(host)
    await append(host, Buffer.concat([Buffer.alloc(5_000), Buffer.from(`${hit}\n`)]))
    expect((await conversation.until('gap')).slice(1)).toEqual([String(size), String(size + 5_000), 'nul'])
    expect((await conversation.until('line')).slice(1)).toEqual([
      String(size + 5_000),
      String(size + 5_001 + hit.length),
      '-',
      hit,
    ])

    await append(host, `${hit}${'x'.repeat(100_000)}\n`)
    const cut = await conversation.until('line')
    expect(cut[3]).toBe('cut')
    expect(cut[4]).toHaveLength(65_536)
    expect(Number(cut[2]) - Number(cut[1])).toBe(hit.length + 100_001)

    const before = await memoryOf(host)
    const { size: from } = await place(host)
    for (let part = 0; part < 8; part++) {
      await append(host, Buffer.alloc(12_500_000, 'e'))
      // The bot pings every five seconds; whatever has not moved between two pings is taken for dead.
      await wait(2_000)
      conversation.ping()
      await conversation.until('beat')
    }
    expect(await memoryOf(host)).toBeLessThan(before + 20_000)
    await append(host, `\n${hit}\n`)
    conversation.ping()
    expect((await conversation.until('gap')).slice(1)).toEqual([
      String(from),
      String(from + 100_000_001),
      'too-long',
    ])
    expect((await conversation.until('line'))[4]).toBe(hit)
  })

  test('keeps a line back until it is whole', async () => {
    const { host, follow } = await quietHost()
    const conversation = await follow()
    await append(host, numberedHit(1).slice(0, 100))
    conversation.ping()
    expect((await conversation.until('beat'))[1]).toBe('11')
    await append(host, `${numberedHit(1).slice(100)}\n`)
    expect((await conversation.until('line'))[4]).toBe(numberedHit(1))
  })

  test('refuses what the bot cannot mean, and says what stands in the way of the log', async () => {
    const { host, ask } = await quietHost()
    for (const [request, answer] of [
      ['follow file=/etc/shadow offset=0 mark=-', 'end\trefused\tusage'],
      [`follow file=${host.logPath}.1/../../etc/shadow offset=0 mark=-`, 'end\trefused\tusage'],
      [`follow file=${host.logPath}.7 offset=0 mark=-`, 'end\trefused\tmoved'],
      [`follow file=${host.logPath} offset=999 mark=-`, 'end\trefused\ttruncated'],
      [`follow file=${host.logPath} offset=11 mark=${'0'.repeat(64)}`, 'end\trefused\tmark'],
      // The mark of one byte of a line tells that byte, the next one the next: lines that never leave the host.
      [`follow file=${host.logPath} offset=3 mark=-`, 'end\trefused\tmark'],
    ] as const) {
      await ask(request).until(answer)
    }
    await host.run(['sh', '-c', 'rm "$1" && ln -s /etc/shadow "$1.1"', 'sh', host.logPath])
    await ask(`follow file=${host.logPath}.1 offset=0 mark=-`).until('end\trefused\tusage')
    await ask('files').until('end\tok')
    await host.run(['mkdir', host.logPath])
    expect((await ask('files').until('warn'))[5]).toContain('A folder stands where the log should be')
    await host.run(['sh', '-c', 'rmdir "$1" && ln -s "$1" "$1"', 'sh', host.logPath])
    expect((await ask('files').until('warn'))[5]).toContain('symbolic links lead in a circle')
  })

  test('goes with a hello that tells of messages of Dovecot that journald dropped, and of nobody else’s', async () => {
    const host = await lease('bookworm', { logRateLimit: true })
    onTestFinished(() => host[Symbol.asyncDispose]())
    const { configPath, alias } = await installHelper(host)
    const limit = '[Journal]\nRateLimitIntervalSec=1s\nRateLimitBurst=20\n'
    await host.writeFile('/etc/systemd/journald.conf.d/small.conf', limit)
    await host.run(['systemctl', 'restart', 'systemd-journald'])
    const suppressed = async () => {
      const hello = converse(configPath, alias, 'maillimit/1 hello')
      await hello.until('end\tok')
      return hello.records().find((record) => record.startsWith('host\tsuppressed\t'))
    }
    await host.run([
      'systemd-run',
      '--quiet',
      '--wait',
      '--unit=other.service',
      'sh',
      '-c',
      'seq 200; sleep 1.2; echo',
    ])
    expect(await suppressed()).toBe('host\tsuppressed\t-')
    await writeEntries(host, `${numberedHit(1)}\n`.repeat(200))
    await wait(1_200)
    await writeEntries(host, `${numberedHit(2)}\n`)
    expect(await suppressed()).toMatch(/^host\tsuppressed\tjournald \d+ \d{13}$/)
  })

  test('leaves no process behind when ssh is killed, a part of it is killed, or nobody pings', async () => {
    const { host, follow } = await quietHost()
    const killed = await follow()
    killed.child.kill('SIGKILL')
    expect(await nothingLeft(host)).toEqual([])

    const silent = await follow()
    for (const part of ['tail -f', 'grep -aF', 'cut -b']) {
      silent.ping()
      await silent.until('beat')
      await host.run([
        'sh',
        '-c',
        'kill -9 $(ps -eo pid=,args= | grep -- "^ *[0-9]* $1" | awk "{print \\$1}")',
        'sh',
        part,
      ])
      await append(host, `${numberedHit(1)}\n`)
      // A part that died unseen is found by the pings of the bot, which go on.
      const pinging = setInterval(() => silent.ping(), 2_000)
      await silent.until('line').finally(() => clearInterval(pinging))
    }
    expect((await silent.until('end')).slice(1)).toEqual(['ok', 'closed'])
    expect(await nothingLeft(host)).toEqual([])
  })

  test('gives a line whole in the end, when tail and the shell that would tell of half a line are killed', async () => {
    const { host, follow } = await quietHost()
    const conversation = await follow()
    await append(host, numberedHit(1).slice(0, -10))
    const kill = `until tail=$(pgrep -of "^tail -f"); do sleep 0.05; done
      sleep 1; kill -9 "$(ps -o ppid= -p "$tail" | tr -d " ")" && kill -9 "$tail"`
    await host.run(['sh', '-c', kill])
    await append(host, `${numberedHit(1).slice(-10)}\n${numberedHit(2)}\n`)
    const pinging = setInterval(() => conversation.ping(), 2_000)
    while ((await conversation.until('line'))[4] !== numberedHit(2)) continue
    clearInterval(pinging)
    const lines = conversation.records().filter((record) => record.startsWith('line'))
    expect(lines.map((line) => line.split('\t')[4])).toContain(numberedHit(1))
  })

  test('never gives a line a place that it does not have, when the shell over the last programs of a pipeline is killed', async () => {
    const { host, follow } = await quietHost()
    const conversation = await follow()
    conversation.child.stdout.pause()
    await append(host, `${numberedHit(1)}\n`.repeat(20_000))
    const kill = `until cut=$(pgrep -of "^cut -b") && tail=$(pgrep -of "^tail -f"); do sleep 0.05; done
      sleep 1; kill -9 "$(ps -o ppid= -p "$cut" | tr -d " ")" && kill -9 "$tail"; sleep 1`
    await host.run(['sh', '-c', kill])
    conversation.child.stdout.resume()
    const pinging = setInterval(() => conversation.ping(), 500)
    await wait(4_000)
    clearInterval(pinging)
    const starts = conversation
      .records()
      .flatMap((record) => (record.startsWith('line') ? [Number(record.split('\t')[1])] : []))
    const odd = starts.filter((start) => (start - 'first line\n'.length) % `${numberedHit(1)}\n`.length !== 0)
    const size = Number(await host.run(['stat', '-c', '%s', host.logPath]))
    expect({ odd, beyond: starts.filter((start) => start >= size) }).toEqual({ odd: [], beyond: [] })
    expect(new Set(starts).size).toBe(starts.length)
    expect(starts).toEqual(
      starts.map((_, index) => 'first line\n'.length + index * `${numberedHit(1)}\n`.length),
    )
  })

  test.each([
    ['', '^dd .*skip=0 status'],
    ['.gz', '^tail -c'],
  ])(
    'does not take a rotated file%s for read when the program that reads it is killed',
    async (suffix, reader) => {
      const { host, ask } = await quietHost()
      await append(host, `${numberedHit(1)}\n`.repeat(60_000))
      await host.run([
        'sh',
        '-c',
        'mv "$1" "$1.1" && : >"$1" && touch -d "-1 minute" "$1.1" && { [ -z "$2" ] || gzip "$1.1"; }',
        'sh',
        host.logPath,
        suffix,
      ])
      const conversation = ask(`follow file=${host.logPath}.1${suffix} offset=0 mark=-`)
      conversation.child.stdout.pause()
      await host.run([
        'sh',
        '-c',
        'until reader=$(pgrep -of "$1"); do sleep 0.05; done; kill -9 "$reader"',
        'sh',
        reader,
      ])
      conversation.child.stdout.resume()
      expect((await conversation.until('end', 60_000)).slice(1)).toEqual(['failed', 'unreadable'])
      expect(conversation.records().filter((record) => record.startsWith('rotated'))).toEqual([])
    },
  )

  test('leaves no process behind when both the reader of its pings and the shell of its pipeline are killed', async () => {
    const { host, follow } = await quietHost()
    await follow()
    // The reader is the parent of the `timeout` that waits for a ping; tail, grep and cut are the grandchildren of their shell.
    const kill = `parent() { ps -o ppid= -p "$1" | tr -d " "; }
      until grep=$(pgrep -of "^grep -aF") && ping=$(pgrep -of "^timeout --foreground 20"); do sleep 0.05; done
      kill -9 "$(parent "$(parent "$grep")")" "$(parent "$ping")"`
    await host.run(['sh', '-c', kill])
    expect(await nothingLeft(host)).toEqual([])
  })

  test('leaves no process behind when the network is gone and nobody takes its lines', async () => {
    const { host, follow } = await quietHost()
    const conversation = await follow()
    conversation.child.stdout.pause()
    await append(host, `${numberedHit(1)}\n`.repeat(60_000))
    await host.cutNetwork()
    expect(await nothingLeft(host, 60_000)).toEqual([])
  })
})

async function place(host: MailHost): Promise<{ size: number }> {
  return { size: Number(await host.run(['stat', '-c', '%s', host.logPath])) }
}

/** Kilobytes of all processes of follows. */
async function memoryOf(host: MailHost): Promise<number> {
  const script =
    'ps -eo rss=,args= | grep -E "maillimit-host|tail -f|grep -aF|cut -b" | grep -v "grep -E" | awk "{ sum += \\$1 } END { print sum + 0 }"'
  return Number(await host.run(['sh', '-c', script]))
}
