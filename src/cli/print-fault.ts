import type { OpsError } from '../lib/errors.ts'
import { scrubber } from '../lib/scrub.ts'

/** What went wrong and what to do, for the person at the terminal. */
export function printFault(error: OpsError): void {
  const hint = error.hint === undefined ? '' : `  ${error.hint}\n`
  process.stderr.write(scrubber([])(`maillimit: ${error.message}\n${hint}`))
}
