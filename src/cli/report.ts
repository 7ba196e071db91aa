import type { Readable } from 'node:stream'
import { LIMIT_HIT_WORDS, parseLimitHit } from '../dovecot/parse-limit-hit.ts'
import { systemClock } from '../lib/clock.ts'
import { isOpsError, type OpsError } from '../lib/errors.ts'
import { EXIT } from './exit-code.ts'
import { type HitCounter, hitCounter } from './hit-report.ts'
import { lineScanner } from './line-scanner.ts'
import { localOffsetMinutes } from './local-offset.ts'
import { openLogBytes } from './log-bytes.ts'
import { reportText } from './report-text.ts'

export type ReportIo = {
  readonly stdin: Readable
  readonly stdout: Output
  readonly stderr: Output
}

type Output = {
  write(text: string): unknown
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

/**
 * The part of the words that is looked for first. Its beginning is rare in a mail log, while `M`, `u` or `+` (in RFC 3339's times) stop the
 * search in every line; and below seven characters Node searches with memchr, at the speed of memory, whatever it meets.
 */
const RARE_WORDS = 'IP exc'
const WORDS = Buffer.from(LIMIT_HIT_WORDS)
const USAGE = 'usage: maillimit report [--json] FILE…  ("-" reads standard input)\n'

/**
 * Summarizes the limit hits of mail logs. A file that cannot be read is named and makes the exit code 1; the report of the
 * others is printed all the same. Times without a zone are read in this machine's.
 */
export async function reportCommand(args: readonly string[], io: ReportIo): Promise<number> {
  const asJson = args.includes('--json')
  const files = args.filter((arg) => arg !== '--json' && arg !== '--')
  const unknown = files.find((file) => file.startsWith('-') && file !== '-')
  if (files.length === 0 || unknown !== undefined) {
    io.stderr.write(
      `maillimit: ${unknown === undefined ? 'no file was given' : `${unknown} is no option`}.\n${USAGE}`,
    )
    return EXIT.usage
  }
  io.stdout.on?.('error', (error) => {
    // `report | head`: whoever reads has seen enough.
    if (error.code !== 'EPIPE') throw error
  })
  const counter = hitCounter()
  const faults: OpsError[] = []
  for (const file of files) {
    try {
      await countHits(file, io.stdin, counter)
    } catch (error) {
      if (!isOpsError(error)) throw error
      faults.push(error)
    }
  }
  const report = counter.report()
  if (asJson) {
    const unread = faults.map(({ code, message, hint }) => ({ code, message, hint }))
    const orNull = (_: string, value: unknown) => (value === undefined ? null : value)
    io.stdout.write(`${JSON.stringify({ ...report, unread }, orNull, 2)}\n`)
  } else if (faults.length < files.length) io.stdout.write(reportText(report, files.length - faults.length))
  for (const { message, hint } of faults) io.stderr.write(`maillimit: ${message}\n  ${hint}\n`)
  return faults.length === 0 ? EXIT.ok : EXIT.fault
}

async function countHits(file: string, stdin: Readable, counter: HitCounter): Promise<void> {
  const log = openLogBytes(file, stdin)
  const clock = { receivedAtMs: log.modifiedAtMs ?? systemClock.now(), utcOffsetMinutes: localOffsetMinutes }
  const scanner = lineScanner(RARE_WORDS, (line) => {
    if (!line.includes(WORDS)) return
    const hit = parseLimitHit(line, clock)
    if (hit) counter.add(hit)
    else counter.ignore()
  })
  try {
    for await (const chunk of log.chunks) scanner.push(chunk)
  } finally {
    // What was read before a fault counts.
    scanner.end()
    log.close()
  }
}
