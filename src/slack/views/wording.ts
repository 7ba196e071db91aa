/** Small English: counts and durations as people say them. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}

export function times(n: number): string {
  return n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`
}

export function limitText(value: number | undefined): string {
  if (value === undefined) return 'unknown'
  return value === 0 ? 'no limit' : String(value)
}

export function fileLine(where: { readonly file: string; readonly line: number } | undefined): string {
  return where === undefined ? "Dovecot's default" : `${where.file}:${where.line}`
}
