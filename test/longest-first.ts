import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Started last, these would run alone at the end. The order of all others does not matter. */
const FIRST = [
  ...(process.env['MATRIX'] === 'all' ? ['test/real/host-matrix', 'test/real/host-layouts'] : []),
  'test/real/follow-harm',
  'test/scenario/race-and-drift',
  'test/real/mailhost.test',
  'test/real/chaos/',
  'test/real/host-change',
  'test/scenario/bad-logs',
  'test/real/follow-local-contract',
  'test/real/demo-end',
  'test/real/demo.test',
  'test/hosts/ssh-link',
  'test/cli/doctor',
  'test/dev-slack/socket-mode',
  'test/hosts/open-mail-hosts',
  'test/cli/run.test',
]

/** One at a time, as the demo is: while that runs they would only wait. */
const LAST = ['test/real/dev-slack-page', 'test/real/mailhost-end']

/** Starts the test files that take the longest before all others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const first = FIRST.findIndex((part) => moduleId.includes(part))
  if (first !== -1) return first
  return LAST.some((part) => moduleId.includes(part)) ? FIRST.length + 1 : FIRST.length
}
