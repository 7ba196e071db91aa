const WRITTEN = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g

/** An instant within the sentences of a notice: `2026-11-24T03:12:00Z`, which whoever shows it may put in the reader's own time. */
export function writtenInstant(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, -'.000Z'.length)}Z`
}

/** The same text in pieces, in order: instants as numbers, and what stands between them. */
export function splitAtInstants(text: string): readonly (string | number)[] {
  const pieces: (string | number)[] = []
  let from = 0
  for (const { 0: written, index } of text.matchAll(WRITTEN)) {
    const atMs = Date.parse(written)
    // Text from a host may look like an instant and be none.
    if (Number.isNaN(atMs)) continue
    if (index > from) pieces.push(text.slice(from, index))
    pieces.push(atMs)
    from = index + written.length
  }
  if (from < text.length) pieces.push(text.slice(from))
  return pieces
}
