import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bootMailHost } from './boot.ts'
import { withFileLock } from './file-lock.ts'
import { execInside } from './inside.ts'
import { installHelper } from './install-helper.ts'
import { cacheFolder, RECORDS_LOCK } from './places.ts'
import { ensurePrerequisites } from './prerequisites.ts'
import { isRelease, RELEASES } from './recipe.ts'
import type { Release } from './recipe.ts'
import { readRecords } from './records.ts'
import type { HostRecord } from './records.ts'
import { sweep, tearDown } from './teardown.ts'
import { ensureTemplate } from './template.ts'

const USAGE = `usage: node dev/mailhost/cli.ts COMMAND
  build [RELEASE…]           build the templates (${RELEASES.join(', ')}; all unless named), at the same time
  up RELEASE [NAME] [--with-helper]   boot a host that stays until it is taken down
  list                       what is running, for whom
  ssh NAME [COMMAND…]        a shell on the host, as root (-F …/maillimit_config for the bot's account)
  exec NAME PROGRAM [ARG…]   run a program inside, without ssh
  down [NAME…]               take hosts down: those named, or all that nobody owns
  clean                      take down what nobody owns, and delete the templates`

const started = performance.now()

function progress(line: string): void {
  console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`)
}

async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'build':
      return build(args)
    case 'up':
      return up(args)
    case 'list':
      return list()
    case 'ssh':
      return ssh(args)
    case 'exec':
      return exec(args)
    case 'down':
      return down(args)
    case 'clean':
      await down([])
      if ((await readRecords()).length > 0) throw new Error('Hosts of other processes are running; see: list')
      await rm(join(cacheFolder(), 'templates'), { recursive: true, force: true })
      return 0
    default:
      return usage()
  }
}

async function build(names: readonly string[]): Promise<number> {
  const releases: readonly Release[] = names.length === 0 ? RELEASES : names.filter(isRelease)
  if (releases.length < names.length) return usage()
  await ensurePrerequisites(progress)
  await Promise.all(releases.map((release) => ensureTemplate(release, progress)))
  return 0
}

async function up(args: readonly string[]): Promise<number> {
  const [release = '', name] = args.filter((word) => !word.startsWith('--'))
  if (!isRelease(release)) return usage()
  await ensurePrerequisites(progress)
  const host = await bootMailHost({
    release,
    owner: 'nobody',
    progress,
    ...(name === undefined ? {} : { name }),
  })
  progress(
    `${host.name} is up: ${host.address}, ${host.address6}, IMAP 143, POP3 110, any user, password ${host.password}`,
  )
  progress(`as root: ssh -F ${host.sshConfig} ${host.name}`)
  if (!args.includes('--with-helper')) return 0
  const helper = await installHelper(host)
  progress(`for the bot: SSH_CONFIG=${helper.configPath} MAIL_HOSTS=${helper.alias}`)
  return 0
}

async function list(): Promise<number> {
  for (const { name, release, number, owner } of await readRecords())
    console.log(
      [name, release, `10.213.${number}.2`, owner === null ? 'kept' : `pid ${owner.pid}`].join('\t'),
    )
  return 0
}

async function ssh([name, ...command]: readonly string[]): Promise<number> {
  const { folder } = await find(name)
  return passThrough([
    'ssh',
    '-F',
    join(folder, 'files/root_config'),
    ...(name === undefined ? [] : [name]),
    ...command,
  ])
}

async function exec([name, ...argv]: readonly string[]): Promise<number> {
  const { leaderPid } = await find(name)
  if (argv.length === 0 || leaderPid === null) return usage()
  const result = await execInside(leaderPid, argv)
  process.stdout.write(result.stdoutBytes)
  process.stderr.write(result.stderr)
  return result.code
}

async function down(names: readonly string[]): Promise<number> {
  for (const { name } of await sweep()) progress(`${name} is gone; its owner had ended`)
  await withFileLock(
    RECORDS_LOCK,
    () => progress('waiting for another process that boots a host'),
    async () => {
      for (const record of await readRecords()) {
        const wanted = names.length === 0 ? record.owner === null : names.includes(record.name)
        if (!wanted) continue
        await tearDown(record)
        progress(`${record.name} is gone`)
      }
    },
  )
  return 0
}

async function find(name: string | undefined): Promise<HostRecord> {
  const record = (await readRecords()).find((one) => one.name === name)
  if (record === undefined)
    throw new Error(`No mail host is called ${name}. Try: node dev/mailhost/cli.ts list`)
  return record
}

function passThrough([file = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(file, args, { stdio: 'inherit' })
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

function usage(): number {
  console.error(USAGE)
  return 2
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
