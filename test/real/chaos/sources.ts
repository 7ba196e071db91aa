/** Where the bot reads: over ssh, the journal over ssh, or on the mail host itself, by npm's tail or only by the helper's socket. */
export const SOURCES = ['ssh', 'journal', 'local', 'local-helper'] as const
export type Source = (typeof SOURCES)[number]

export function isLocal(source: Source): boolean {
  return source === 'local' || source === 'local-helper'
}
