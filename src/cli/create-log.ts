import { pino } from 'pino'
import type { Log } from '../lib/log.ts'
import { scrubber } from '../lib/scrub.ts'

/** JSON lines on standard output; no secret gets through, in whatever field or error it hides. */
export function createLog(level: string, secrets: readonly string[]): Log {
  const scrub = scrubber(secrets)
  const destination = {
    write(line: string) {
      process.stdout.write(scrub(line))
    },
  }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}
