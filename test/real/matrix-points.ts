import type { FaultPoint } from './fault-points.ts'

const STATE = '/var/lib/maillimit'
const FOLDER = '/etc/dovecot/conf.d'

/** A step of a change, and the point at which a case strikes. */
export type MatrixPoint = { readonly step: string; readonly at: FaultPoint }

/** The call in each step at which all that the step does is done, or as good as, and nothing says so yet. */
const CALLS: ReadonlyArray<readonly [step: string, call: string, nth?: number, records?: string]> = [
  ['lock', 'flock -w 120 9'],
  // What an earlier change left is undone, and its end is written.
  ['heal', `sync ${STATE}/records/*/transcript`],
  // It runs no program, so nothing can happen between its beginning and its record but what can happen just after it.
  ['check', '*', 1, 'try'],
  ['try', 'unshare -m *'],
  // The backup is made, and compared.
  ['backup', 'sha256sum -c --status', 2],
  ['write', `sync ${FOLDER}/*.maillimit-new *`],
  // The file is in place, but not yet for good.
  ['install', `sync ${FOLDER}*`],
  ['diff', 'diff *'],
  ['validate', 'doveconf -n'],
  ['before', 'systemctl show *'],
  ['reload', 'systemctl *reload dovecot.service'],
  // Dovecot has reloaded, and its new log process was seen. Reload and proof are recorded in one breath.
  ['proof', 'journalctl *', 1, 'reload'],
  ['effective', 'doveconf -f protocol=imap *'],
  ['after', 'systemctl show *'],
  // The end is written, but not yet for good.
  ['end', `sync ${STATE}/records/*/transcript`],
]

/** Those that a call above names: whatever else the helper runs need not be slowed down. */
export const MATRIX_PROGRAMS = [
  'diff',
  'doveconf',
  'flock',
  'journalctl',
  'sha256sum',
  'sync',
  'systemctl',
  'unshare',
] as const

export const MATRIX_POINTS: readonly MatrixPoint[] = CALLS.map(([step, call, nth = 1, records = step]) => ({
  step,
  at: { step: records, call, nth },
}))
