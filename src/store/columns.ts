/** NULL is undefined here. */
export function optionalNumber(value: string | number | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value)
}

export function optionalText(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value)
}
