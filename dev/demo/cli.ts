import { parseArgs } from 'node:util'
import { cacheFolder } from '../mailhost/places.ts'
import { canBootMailHosts, ensurePrerequisites } from '../mailhost/prerequisites.ts'
import { isRelease, type Release, RELEASES } from '../mailhost/recipe.ts'
import { ensureTemplate } from '../mailhost/template.ts'
import { runDemo } from './demo.ts'
import type { Stage } from './stage.ts'

const USAGE = `usage: npm run demo -- [${RELEASES.join('|')}] [--port N]
  The Debian release of the mail host: trixie (Dovecot 2.4) unless named. bookworm and el9like have Dovecot 2.3.
  The port of the page, on 127.0.0.1: 4748 unless named; 0 means any free one.`

const NEEDS = `It boots a whole mail host beside this system, and for that it needs
  - Linux, and root with CAP_SYS_ADMIN: a machine or a virtual machine, or a container started with --privileged;
  - Debian, to install debootstrap and systemd-container with apt-get (or a Linux that has these programs);
  - the overlay file system, and control groups that may be written;
  - about 1 GB in /var/cache/maillimit (or MAILLIMIT_CACHE), and a Debian mirror for the first start.`

const EXIT = { ok: 0, fault: 1, usage: 2, unsupported: 4 } as const
const PORT = 4748
/** The demo ends in a second; after this long something hangs, and the next start clears it away. */
const END_WITHIN_MS = 20_000

const started = performance.now()

function progress(line: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`)
}

function announce({ slack, bot }: Stage): void {
  const { host, port } = new URL(slack.url)
  const isRemote = process.env['SSH_CONNECTION'] !== undefined
  const tunnel = isRemote ? `   (through your ssh connection: add -L ${port}:${host} to it)` : ''
  console.log(`
  Open ${slack.url}${tunnel}

  You are Hana, an approver. Ctrl-C ends all. The bot's log: ${bot.logPath}
`)
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = parse(args)
  if (wanted === undefined) {
    console.error(USAGE)
    return EXIT.usage
  }
  const can = canBootMailHosts()
  if (!can.ready) {
    console.error(`The demo cannot run here: ${can.reason}.\n${NEEDS}`)
    return EXIT.unsupported
  }
  const stop = stopSignal()
  await ensurePrerequisites(progress)
  try {
    await buildTemplate(wanted.release, stop)
    await runDemo({ ...wanted, progress, announce, stop })
  } catch (error) {
    // What is broken off by Ctrl-C complains; nobody needs to hear it.
    if (!stop.aborted) throw error
  }
  progress('all is gone')
  return EXIT.ok
}

function parse(args: readonly string[]): { readonly release: Release; readonly port: number } | undefined {
  try {
    const options = { port: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [release = 'trixie', ...more] = positionals
    const port = values.port ?? String(PORT)
    if (!isRelease(release) || more.length > 0 || !/^\d{1,5}$/.test(port) || Number(port) > 65_535)
      return undefined
    return { release, port: Number(port) }
  } catch {
    return undefined
  }
}

async function buildTemplate(release: Release, stop: AbortSignal): Promise<void> {
  const began = performance.now()
  let isBuilding = false
  const heartbeat = setInterval(() => {
    progress(`still at it for ${Math.round((performance.now() - began) / 1000)} s; about a minute in all`)
  }, 10_000)
  try {
    await ensureTemplate(
      release,
      (line) => {
        if (!isBuilding) progress(`making the mail host's disk in ${cacheFolder()}, this first time only`)
        isBuilding = true
        progress(line)
      },
      stop,
    )
  } finally {
    clearInterval(heartbeat)
  }
}

/** Aborted by Ctrl-C, SIGTERM, or a terminal that was closed; whoever presses Ctrl-C again waits as well. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) return progress('still ending; a moment')
      controller.abort()
      setTimeout(() => process.exit(EXIT.fault), END_WITHIN_MS).unref()
    })
  return controller.signal
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  const why = error instanceof Error ? error.message : String(error)
  console.error(isTaken ? `${why}. Another port: npm run demo -- --port 0` : why)
  process.exitCode = EXIT.fault
}
