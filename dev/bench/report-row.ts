import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { run } from '../mailhost/run.ts'
import { durations, megabytes, ratio } from './figures.ts'
import { limitLine } from './limit-line.ts'
import type { BenchSettings, Figure, Row } from './row.ts'

const ENTRY = resolve(import.meta.dirname, '../../bin/maillimit.js')
const WORDS = 'Maximum number of connections from user+IP exceeded'
/** Shares of lines that are limit hits: a quiet server, and a bad day. */
const SHARES = [0.0002, 0.002] as const

export const reportRow: Row = {
  name: 'report',
  about: 'maillimit report over a large mail log; against grep -F finding the same lines, whole processes',
  withinMs: 300_000,
  measure,
}

async function measure(settings: BenchSettings): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'maillimit-bench-'))
  try {
    const figures: Figure[] = []
    for (const share of SHARES) {
      const log = await writeLog(join(folder, 'maillog'), share, settings.quick ? 20e6 : 520e6)
      settings.progress(`${megabytes(log.bytes)}, of ${log.lines} lines ${log.hits} are limit hits`)
      figures.push(...(await compare(settings, log, `${share * 100} % hits`)))
    }
    return figures
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type WrittenLog = {
  readonly path: string
  readonly bytes: number
  readonly lines: number
  readonly hits: number
}

async function compare(settings: BenchSettings, log: WrittenLog, name: string): Promise<readonly Figure[]> {
  const ours: number[] = []
  const bare: number[] = []
  // Into the page cache: what is compared is the search, not the disk.
  await readFile(log.path)
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C' }
  for (let round = 0; round < (settings.quick ? 2 : 9); round++) {
    settings.signal.throwIfAborted()
    // Its output is read, as by a person: grep takes a short cut when it goes to /dev/null.
    const grep = await timed(['grep', '-F', WORDS, log.path], environment)
    const report = await timed([process.execPath, ENTRY, 'report', '--json', log.path], environment)
    const found = (JSON.parse(report.stdout) as { readonly hits?: number }).hits
    const lines = grep.stdout.split('\n').length - 1
    if (found !== log.hits || lines !== log.hits)
      throw new Error(`of ${log.hits} hits the report has ${found}, grep ${lines}`)
    bare.push(grep.tookMs)
    ours.push(report.tookMs)
  }
  return [
    durations(`${name}, ${megabytes(log.bytes)}: grep -F`, bare),
    durations(`${name}: maillimit report (n = ${ours.length})`, ours),
    ratio(`${name}: ratio of the medians`, ours, bare, 1),
  ]
}

async function timed(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly tookMs: number; readonly stdout: string }> {
  const startedAt = performance.now()
  const { code, stdout, stderr } = await run(argv, { env })
  const tookMs = performance.now() - startedAt
  if (code !== 0) throw new Error(`${argv[0]} exited with ${code}: ${stderr.trim()}`)
  return { tookMs, stdout }
}

/** A mail log as Dovecot and Postfix fill it, with limit hits spread evenly. */
async function writeLog(path: string, share: number, leastBytes: number): Promise<WrittenLog> {
  const file = createWriteStream(path)
  const every = Math.round(1 / share)
  const startMs = Date.now() - 86_400_000
  let [bytes, lines, hits] = [0, 0, 0]
  while (bytes < leastBytes) {
    const block: string[] = []
    for (let index = 0; index < 10_000; index++) {
      const isHit = lines % every === every - 1
      const at = new Date(startMs + lines * 20)
      block.push(isHit ? hitLine(lines, at) : otherLine(lines, at))
      hits += Number(isHit)
      lines += 1
    }
    const text = block.join('')
    bytes += text.length
    if (!file.write(text)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
  return { path, bytes, lines, hits }
}

function hitLine(number: number, at: Date): string {
  const user = `user${number % 997}@example.com`
  return limitLine({ host: 'mx1', user, clientAddress: `198.51.100.${number % 250}`, at })
}

function otherLine(number: number, at: Date): string {
  const prefix = `${at.toISOString().replace('Z', '000+00:00')} mx1`
  const user = `user${number % 4001}@example.com`
  const id = number.toString(36).padStart(12, 'x')
  const from = `198.51.100.${number % 250}`
  switch (number % 5) {
    case 0:
      return `${prefix} dovecot: imap-login: Login: user=<${user}>, method=PLAIN, rip=${from}, lip=192.0.2.1, mpid=${number}, TLS, session=<${id}>\n`
    case 1:
      return `${prefix} dovecot: imap(${user})<${number}><${id}>: Disconnected: Logged out in=94 out=${number} deleted=0 expunged=0 trashed=0\n`
    case 2:
      return `${prefix} postfix/smtpd[${number}]: connect from mail.example.org[${from}]\n`
    case 3:
      return `${prefix} postfix/qmgr[812]: ${id}: from=<${user}>, size=${number}, nrcpt=1 (queue active)\n`
    default:
      return `${prefix} postfix/smtp[${number}]: ${id}: to=<${user}>, relay=mx.example.net[${from}]:25, delay=0.7, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ${id})\n`
  }
}
