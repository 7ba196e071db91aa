/** One line of an answer, decoded; host/PROTOCOL.md, Answer. */
export type AnswerRecord = {
  readonly name: string
  /** Without the name and without the raw field. */
  readonly fields: readonly string[]
  /** The last field of `line` and `diff`, as it came. */
  readonly raw: Uint8Array | undefined
}

/** How many fields stand before the raw one. */
const RAW_AFTER: Readonly<Record<string, number>> = { line: 3, diff: 3 }

const TAB = 9
const NAME = /^[a-z][a-z-]{0,31}$/
/** What may stand in an encoded field: `%XX`, or any byte that needs no encoding. */
const ENCODED = /^(?:%[0-9A-Fa-f]{2}|[ -$&-~])*$/

/** No field has any use for these, and some end up on a terminal. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/gu

/** `line` is without its LF. Undefined: it is no record. */
export function parseRecord(line: Buffer): AnswerRecord | undefined {
  const nameEnd = line.indexOf(TAB)
  const name = line.toString('latin1', 0, nameEnd < 0 ? line.length : nameEnd)
  if (!NAME.test(name)) return undefined
  if (nameEnd < 0) return { name, fields: [], raw: undefined }

  const rawAfter = RAW_AFTER[name]
  let start = nameEnd + 1
  const fields: string[] = []
  while (fields.length !== rawAfter) {
    const tab = line.indexOf(TAB, start)
    const field = decode(line.toString('latin1', start, tab < 0 ? line.length : tab))
    if (field === undefined) return undefined
    fields.push(field)
    if (tab < 0) return rawAfter === undefined ? { name, fields, raw: undefined } : undefined
    start = tab + 1
  }
  const raw = line.subarray(start)
  // A copy, because the line is a window on a chunk of up to megabytes.
  return raw.includes(0) ? undefined : { name, fields, raw: new Uint8Array(raw) }
}

function decode(field: string): string | undefined {
  if (!ENCODED.test(field)) return undefined
  if (!field.includes('%')) return field
  const bytes = field.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8').replace(CONTROL, '\u{fffd}')
}
