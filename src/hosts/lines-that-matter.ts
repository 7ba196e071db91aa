/** The helper's own list (host/maillimit-host, `matters`): nothing else leaves a host, and nothing else is looked at on this one. */
const NEEDLES: readonly Buffer[] = [
  'Maximum number of connections from user+IP exceeded',
  'SIGHUP received',
  'master: Error',
  'process_limit',
  'client_limit',
  'Suppressed ',
  'due to rate-limiting',
].map((text) => Buffer.from(text))

export function lineMatters(line: Buffer): boolean {
  return NEEDLES.some((needle) => line.includes(needle))
}
