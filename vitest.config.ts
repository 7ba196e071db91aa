import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

/**
 * Nothing else may boot a host beside these: Chromium breaks off what it loads whenever a network interface of the machine comes
 * or goes, and the number of a host that has ended is the next one's at once, with all its names.
 */
const ALONE = ['test/real/demo.test.ts', 'test/real/dev-slack-page.test.ts', 'test/real/mailhost-end.test.ts']

/** What surely comes is waited for: a busy machine is no fault. A second, which is the default, would make it one. */
const POLL = { timeout: 30_000 }

/** `npm run matrix` is a run of its own beside `npm test`. */
const RESULTS = `.cache/${process.env['MATRIX'] === 'all' ? 'matrix' : 'test'}-results.json`

/** `unit` runs in parallel and touches no mail host; `real` boots Debian mail hosts. Each file has hosts of its own, so files run side by side. */
export default defineConfig({
  test: {
    // Real hosts are mostly waited for: three files at a time keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // CI counts what ran, and what did not, from this file.
    reporters: process.env['CI'] === 'true' ? ['default', ['json', { outputFile: RESULTS }]] : ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', 'test/scenario/**'],
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: POLL },
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts', 'test/scenario/**/*.test.ts'],
          exclude: ALONE,
          sequence: { groupOrder: 1 },
          globalSetup: ['test/real/build-templates.ts', 'test/real/print-matrix.ts'],
          // A bound for what hangs. Where no template is cached, whoever boots first waits for its build, minutes over a slow line.
          testTimeout: 300_000,
          expect: { poll: POLL },
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'alone',
          include: ALONE,
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 300_000,
          expect: { poll: POLL },
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
