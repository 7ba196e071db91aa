import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFrozen } from './cgroups.ts'
import { losePower, makeLayer, recoverDisk } from './disk.ts'
import type { DiskKind } from './disk.ts'
import { withFileLock } from './file-lock.ts'
import { furnish } from './furnish.ts'
import { execInside, spawnInside } from './inside.ts'
import { powerOn } from './machine.ts'
import type { Machine } from './machine.ts'
import type { MailHost } from './mail-host.ts'
import { mountOverlay, unmountBelow } from './mounts.ts'
import { addClientAddress, cutNetwork, networkOf, openNetwork, restoreNetwork } from './network.ts'
import { cacheFolder, RECORDS_LOCK } from './places.ts'
import { ownIdentity } from './process-identity.ts'
import { untilReady } from './readiness.ts'
import { recipeOf } from './recipe.ts'
import type { Release } from './recipe.ts'
import { readRecords, writeRecord } from './records.ts'
import type { HostRecord } from './records.ts'
import { holdSessions } from './sessions.ts'
import type { Protocol, SessionsWanted } from './sessions.ts'
import { sweep, tearDown } from './teardown.ts'
import { ensureTemplate } from './template.ts'
import type { Progress } from './template.ts'

export type BootOptions = {
  readonly release: Release
  /** The hostname; unless given, the release with the host's number: `trixie-3`. */
  readonly name?: string
  readonly disk?: DiskKind
  /** The limits on the way from Dovecot to the log (journald's rate limit, its queue to rsyslog), which are off unless wanted. */
  readonly logRateLimit?: boolean
  /** `process`: the host ends with this process, however that ends. `nobody`: it stays until somebody takes it down. */
  readonly owner?: 'process' | 'nobody'
  readonly progress?: Progress
}

/** The password that the template's passdb gives to every name. */
const PASSWORD = 'correct-horse'

/** Boots a mail host, in about a second if its template exists; clears away orphaned ones first. */
export async function bootMailHost(options: BootOptions): Promise<MailHost> {
  const progress = options.progress ?? (() => undefined)
  for (const { name } of await sweep()) progress(`cleared away ${name}, whose owner is gone`)
  const template = await ensureTemplate(options.release, progress)
  const record = await register(options)
  try {
    return await build(record, template, options)
  } catch (error) {
    await tearDown(record)
    throw error
  }
}

/** Takes the lowest free number. The record exists before anything else does, so that whatever follows can be cleared away. */
async function register(options: BootOptions): Promise<HostRecord> {
  const waiting = (): void => options.progress?.('waiting for another process that boots or removes a host')
  return withFileLock(RECORDS_LOCK, waiting, async () => {
    const taken = new Set((await readRecords()).map(({ number }) => number))
    const number = Array.from({ length: 254 }, (_, index) => index + 1).find(
      (candidate) => !taken.has(candidate),
    )
    if (number === undefined)
      throw new Error('254 mail hosts are running; end some: node dev/mailhost/cli.ts down')
    const record: HostRecord = {
      number,
      name: options.name ?? `${options.release}-${number}`,
      release: options.release,
      folder: join(cacheFolder(), 'hosts', String(number)),
      owner: options.owner === 'nobody' ? null : ownIdentity(),
      leaderPid: null,
    }
    await writeRecord(record)
    return record
  })
}

async function build(record: HostRecord, template: string, options: BootOptions): Promise<MailHost> {
  const network = networkOf(record.number)
  const { folder } = record
  const disk = options.disk ?? 'shared'
  const root = join(folder, 'root')
  await mkdir(root, { recursive: true })
  const layer = await makeLayer(folder, disk)
  await mountOverlay(template, layer, root)
  const furniture = await furnish(record, network, options.logRateLimit ?? false)
  // journald drops what rsyslog's socket has no room for; by default that is the 513th line of a burst.
  await openNetwork(network, options.logRateLimit === true ? undefined : 100_000)

  const settings = {
    id: network.name,
    hostname: record.name,
    root,
    consoleLog: join(folder, 'console.log'),
    diesWithUs: record.owner !== null,
  }
  let machine: Machine
  const start = async (): Promise<void> => {
    machine = await powerOn(settings)
    await writeRecord({ ...record, leaderPid: machine.leaderPid })
    await untilReady(machine, settings.consoleLog)
  }
  const powerCut = async (): Promise<void> => {
    if (disk === 'xfs') await losePower(folder)
    process.kill(machine.leaderPid, 'SIGKILL')
    await machine.off
    if (disk === 'shared') return
    await unmountBelow(root)
    await recoverDisk(folder)
    await mountOverlay(template, layer, root)
  }
  await start()
  return assemble(record, furniture, {
    leaderPid: () => machine.leaderPid,
    powerOn: start,
    powerCut,
    reboot: async () => {
      await execInside(machine.leaderPid, ['systemctl', '--no-block', 'reboot'])
      await machine.off
      await start()
    },
  })
}

type Power = Pick<MailHost, 'leaderPid' | 'powerOn' | 'powerCut' | 'reboot'>
type Furniture = Pick<MailHost, 'hostKeys' | 'sshConfig' | 'filesFolder'>

function assemble(record: HostRecord, furniture: Furniture, power: Power): MailHost {
  const network = networkOf(record.number)
  const { logPath } = recipeOf(record.release)
  const exec: MailHost['exec'] = (argv, options) => execInside(power.leaderPid(), argv, options)
  const run: MailHost['run'] = async (argv, options) => {
    const result = await exec(argv, options)
    if (result.code === 0) return result.stdout
    throw new Error(`${record.name}: ${argv.join(' ')} exited with ${result.code}: ${result.stderr.trim()}`)
  }
  const readFile: MailHost['readFile'] = async (path) => {
    const result = await exec(['cat', '--', path])
    if (result.code === 0) return result.stdoutBytes
    throw new Error(`${record.name}: ${result.stderr.trim()}`)
  }
  const logLines: MailHost['logLines'] = async () => {
    const exists = (await exec(['test', '-e', logPath])).code === 0
    return exists ? (await readFile(logPath)).toString('utf8').split('\n').slice(0, -1) : []
  }
  const hold = (protocol: Protocol) => (wanted: SessionsWanted) =>
    holdSessions(
      { address: network.address, address6: network.address6, protocol, defaultPassword: PASSWORD },
      wanted,
    )
  let sources = 9
  // Once only: afterwards the number may be another host's.
  let gone: Promise<void> | undefined
  return {
    name: record.name,
    release: record.release,
    address: network.address,
    address6: network.address6,
    ourAddress: network.ourAddress,
    ourAddress6: network.ourAddress6,
    sshPort: 22,
    ...furniture,
    logPath,
    password: PASSWORD,
    ...power,
    exec,
    run,
    spawn: (argv, options) => spawnInside(power.leaderPid(), argv, options),
    readFile,
    writeFile: async (path, data) => {
      await run(['sh', '-c', 'cat >"$1"', 'sh', path], { input: data })
    },
    logLines,
    waitForLog: async (pattern, { after = 0, timeoutMs = 30_000 } = {}) => {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        const lines = await logLines()
        const found = lines.slice(after).find((line) => pattern.test(line))
        if (found !== undefined) return found
        if (performance.now() > deadline)
          throw new Error(
            `${logPath} has no ${pattern} after ${timeoutMs} ms. Its end: ${lines.slice(-5).join('\n')}`,
          )
        await sleep(50)
      }
    },
    holdImapSessions: hold('imap'),
    holdPop3Sessions: hold('pop3'),
    login: async (user, options = {}) => {
      await using sessions = await hold('imap')({ ...options, user, count: 1 })
      return sessions.results[0] ?? { state: 'failed', text: 'no session was opened' }
    },
    addSourceAddress: async (address) => {
      const chosen = address ?? `10.213.${record.number}.${(sources += 1)}`
      await addClientAddress(network, chosen)
      return chosen
    },
    cutNetwork: () => cutNetwork(network),
    restoreNetwork: () => restoreNetwork(network),
    freeze: () => setFrozen(network.name, true),
    thaw: () => setFrozen(network.name, false),
    [Symbol.asyncDispose]: () => (gone ??= tearDown(record)),
  }
}
