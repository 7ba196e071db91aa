import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Started last, these would run alone at the end. What was never measured on a machine is otherwise sorted by the size of its file. */
const LONGEST = [
  ...(process.env['MATRIX'] === 'all'
    ? ['test/real/host-matrix', 'test/real/host-layouts', 'test/real/host-heal']
    : []),
  'test/real/chaos/',
  'test/real/follow-harm',
  'test/scenario/race-and-drift',
  'test/real/host-change',
  'test/real/mailhost',
  'test/real/demo.test',
]

/** Starts the test files that wait the longest before all others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLongest = (file: TestSpecification) => LONGEST.some((part) => file.moduleId.includes(part))
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))]
  }
}
