/** The milliseconds of processor time that this process spends on `work`: other than by a clock, a busy machine makes them no more. */
export function cpuTimeMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
