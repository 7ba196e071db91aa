/** What is needed to tell the time of a line whose prefix does not say everything. */
export type LogClock = {
  /** When the line reached us: a time without a year is the one nearest before this. */
  readonly receivedAtMs: number
  /**
   * Minutes east of UTC of the clock that wrote times without a zone; a function where summer time matters
   * (it is given the wall clock's reading as if it were UTC). Left out, they are read as UTC.
   */
  readonly utcOffsetMinutes?: number | ((wallClockMs: number) => number)
}
