import { seededRandom } from './seeded-random.ts'

/**
 * A sample of a big table, another one each day, the same in every file of one run. `MATRIX=all` takes everything, and
 * `MATRIX_SEED=N` repeats a sample. `salt`: for another one of the same table in the same run.
 */
export function sampleOf<T>(table: readonly T[], size: number, salt = 0): readonly T[] {
  if (process.env['MATRIX'] === 'all' || table.length <= size) return table
  const seed = Number(process.env['MATRIX_SEED'] ?? Math.floor(Date.now() / 86_400_000))
  console.log(`a sample of ${size} of ${table.length} (MATRIX_SEED=${seed}; MATRIX=all for everything)`)
  const next = seededRandom(seed + salt * 1_000_003)
  return table
    .map((item, index) => ({ item, index, order: next() }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, size)
    .toSorted((a, b) => a.index - b.index)
    .map(({ item }) => item)
}
