import type { Session } from '../dovecot/session.ts'

export type ConnectionCount = { readonly service: string; readonly ip: string; readonly count: number }

/** Live connections of one user, by service and client address; the most first. */
export function countConnections(sessions: readonly Session[], user: string): readonly ConnectionCount[] {
  const groups = Map.groupBy(
    sessions.filter((session) => session.user === user),
    (session) => `${session.service} ${session.ip}`,
  )
  return [...groups.values()]
    .map(([first, ...more]) => ({
      service: first?.service ?? '',
      ip: first?.ip ?? '',
      count: 1 + more.length,
    }))
    .sort((a, b) => b.count - a.count)
}
