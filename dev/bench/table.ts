import type { Figure } from './row.ts'

const HEAD = ['row', 'measured', 'p50', 'p99', 'target', ''] as const

/** The figures of all rows, in columns. */
export function table(rows: ReadonlyArray<readonly [name: string, figures: readonly Figure[]]>): string {
  const lines = rows.flatMap(([name, figures]) =>
    figures.map(({ what, p50, p99 = '', target = '', met }, index) => [
      index === 0 ? name : '',
      what,
      p50,
      p99,
      target,
      met === undefined ? '' : met ? 'met' : 'MISSED',
    ]),
  )
  const all = [HEAD, ...lines]
  const widths = HEAD.map((_, column) => Math.max(...all.map((line) => (line[column] ?? '').length)))
  return all
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column === 2 || column === 3 ? cell.padStart(width) : cell.padEnd(width)
}
