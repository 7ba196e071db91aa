import { readFileSync } from 'node:fs'

export type ExpectedLine = {
  readonly title: string
  /** The fields to be found, null for absent ones; undefined: the line means nothing. */
  readonly expected: Readonly<Record<string, unknown>> | undefined
  readonly line: Uint8Array
  readonly receivedAtMs: number
  readonly utcOffsetMinutes: number
}

/** Reads a file of `lines/`: comments (`# now TIME` and `# zone MINUTES` set the clock), and each line under its `=> ` result. */
export function expectedLines(file: string): readonly ExpectedLine[] {
  const found: ExpectedLine[] = []
  let receivedAtMs = 0
  let utcOffsetMinutes = 0
  let comment = ''
  let result: string | undefined
  for (const [index, line] of readFileSync(new URL(`lines/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .entries()) {
    if (result !== undefined) {
      const expected = result === 'nothing' ? undefined : JSON.parse(result)
      found.push({
        title: `${file}:${index + 1} ${comment}`.trim(),
        expected,
        line: Buffer.from(line),
        receivedAtMs,
        utcOffsetMinutes,
      })
      result = undefined
    } else if (line.startsWith('=> ')) result = line.slice(3)
    else if (line.startsWith('# now ')) receivedAtMs = Date.parse(line.slice(6))
    else if (line.startsWith('# zone ')) utcOffsetMinutes = Number(line.slice(7))
    else comment = line.slice(2)
  }
  return found
}

/** What was found, cut to the expected fields, with null for absent ones. */
export function fieldsOf(found: object | undefined, expected: object | undefined): object | undefined {
  if (found === undefined || expected === undefined) return found
  const values = new Map<string, unknown>(Object.entries(found))
  return Object.fromEntries(Object.keys(expected).map((name) => [name, values.get(name) ?? null]))
}
