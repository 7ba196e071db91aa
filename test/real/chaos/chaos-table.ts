import type { ChaosResult } from './run-chaos.ts'

/** The figures of a run as a table for people, which can stand in a document. */
export function chaosTable(result: ChaosResult): string {
  const { harms } = result
  const of = (...names: readonly Parameters<typeof harms.get>[0][]) =>
    names.reduce((sum, name) => sum + (harms.get(name) ?? 0), 0)
  const rows: readonly (readonly [string, number])[] = [
    ['lines on the disk', result.lines],
    ['lines in the store', result.stored],
    ['of these read before the host destroyed them', result.readBeforeDestroyed],
    ['rotations', of('rotation')],
    ['truncations, vacuumings', of('truncation', 'journal vacuumed')],
    ['connections by ssh', result.connections],
    ['times that the bot began to follow the log', result.follows],
    ['kills of a part of the helper', of('helper killed')],
    ['kills of the bot', of('bot killed')],
    ['ssh sessions dropped', of('sessions dropped')],
    ['cuts of the network', of('network cut')],
    [
      'restarts of rsyslog, journald, sshd, the socket',
      of('rsyslog restarted', 'journald restarted', 'sshd restarted', 'socket restarted'),
    ],
    ['alerts, and edits of messages', result.alerts],
    ['**lost**', result.lost],
    ['**doubled**', result.doubled],
    ['gaps told', result.gapsTold],
  ]
  const lines = rows.map(([what, count]) => {
    const shown = what.startsWith('alerts') ? `${figure(count)}, ${figure(result.edits)}` : figure(count)
    return `| ${what} | ${shown} |`
  })
  return ['| | |', '|---|--:|', ...lines].join('\n')
}

function figure(count: number): string {
  return count.toLocaleString('en')
}
