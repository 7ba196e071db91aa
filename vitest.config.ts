import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { templateFolder } from './dev/mailhost/places.ts'
import { recipeOf, RELEASES } from './dev/mailhost/recipe.ts'
import { LongestFirst } from './test/longest-first.ts'

/**
 * Nothing else may boot a host beside these: Chromium breaks off what it loads whenever a network interface of the machine comes
 * or goes, and the number of a host that has ended is the next one's at once, with all its names. So they come one at a time, beside the
 * unit tests.
 */
const ALONE = ['test/real/demo.test.ts', 'test/real/dev-slack-page.test.ts', 'test/real/mailhost-end.test.ts']

/** What surely comes is waited for: a busy machine is no fault. A second, which is the default, would make it one. */
const POLL = { timeout: 30_000 }

/** Where the templates of mail hosts are still to be built, the unit tests run meanwhile; otherwise beside those that come one at a time. */
const isBuilt = RELEASES.every((release) => existsSync(templateFolder(release, recipeOf(release).hash)))
const UNIT_GROUP = isBuilt ? 2 : 0

/** `unit` runs in parallel and touches no mail host; `real` boots Debian mail hosts. Each file has hosts of its own, so files run side by side. */
export default defineConfig({
  test: {
    // Real hosts are waited for, a good part of the time: so many files keep two cores busy.
    maxWorkers: 5,
    sequence: { sequencer: LongestFirst },
    // CI counts what ran, and what did not, from this file.
    reporters:
      process.env['CI'] === 'true'
        ? ['default', ['json', { outputFile: '.cache/test-results.json' }]]
        : ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', 'test/scenario/**'],
          sequence: { groupOrder: UNIT_GROUP },
          // No module of src/ remembers anything between two tests, so a process need not be started for each file.
          isolate: false,
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
          testTimeout: 300_000,
          expect: { poll: POLL },
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
