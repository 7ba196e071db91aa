/** Summer time begins and ends at a quarter of an hour, everywhere. */
const QUARTER_MS = 15 * 60_000

let known = { quarter: Number.NaN, minutes: 0 }

/**
 * Minutes east of UTC of this machine's zone, when its wall clock reads `wallClockMs` (given as if it were UTC); minds
 * summer time. Remembers the last answer, because the lines of a log stand close together.
 */
export function localOffsetMinutes(wallClockMs: number): number {
  const quarter = Math.floor(wallClockMs / QUARTER_MS)
  if (quarter !== known.quarter) known = { quarter, minutes: offsetAt(new Date(quarter * QUARTER_MS)) }
  return known.minutes
}

function offsetAt(wall: Date): number {
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()]
  return -new Date(year, month, day, wall.getUTCHours(), wall.getUTCMinutes()).getTimezoneOffset()
}
