import type { TranscriptRecord } from '../../remediation/mail-host.ts'
import type { Remediation } from '../../remediation/remediation.ts'
import type { Step } from './piece.ts'
import { given, person, said, type Sentence } from './span.ts'

/** The steps of host/PROTOCOL.md in their order, in words for people. */
const titles = new Map([
  ['lock', 'Take the lock of this host'],
  ['heal', 'Clear up after earlier changes'],
  ['check', 'Check the approved plan against the host'],
  ['try', 'Try the new file without installing it'],
  ['backup', 'Back up the file'],
  ['write', 'Write the new file beside it'],
  ['install', 'Put the new file in place'],
  ['diff', 'Compare it with the backup'],
  ['validate', 'Check the whole configuration'],
  ['before', 'Look at the service before the reload'],
  ['reload', 'Reload Dovecot'],
  ['proof', 'Prove that the reload took place'],
  ['effective', 'Ask Dovecot for the limit in force'],
  ['after', 'Look at the service after the reload'],
])
const undoTitles = new Map([
  ['restore', 'Put the old file back'],
  ['revalidate', 'Check the configuration again'],
  ['rereload', 'Reload Dovecot again'],
])
const known = new Map([...titles, ...undoTitles])

type StepRecord = Extract<TranscriptRecord, { kind: 'step' }>

/**
 * One step for each that is known or still to come. While the host works, the first one without a record is under way;
 * once it has ended, steps that never came are left out, since nobody waits for them.
 */
export function transcriptSteps(remediation: Remediation): readonly Step[] {
  const records = remediation.records.filter((record): record is StepRecord => record.kind === 'step')
  const newest = new Map(records.map((record) => [record.name, record]))
  const done = [...newest.values()].map((record) => step(record))
  const ended = remediation.end !== undefined && remediation.end.kind !== 'running'
  if (ended || isOver(remediation)) return done
  const toCome = stepsToCome(records).filter((name) => !newest.has(name))
  // Skipped steps have records too, so whatever comes before the newest record will not come any more.
  const lastKnown = Math.max(-1, ...[...newest.keys()].map((name) => [...known.keys()].indexOf(name)))
  const pending = toCome.filter((name) => [...known.keys()].indexOf(name) > lastKnown)
  return [
    ...done,
    ...pending.map((name, index): Step => {
      const state = index === 0 && remediation.state === 'applying' ? 'in_progress' : 'pending'
      return { id: name, title: titleOf(name), state, details: [] }
    }),
  ]
}

/** After a failure the host puts back what it installed; before the installation there is nothing to put back. */
function stepsToCome(records: readonly StepRecord[]): readonly string[] {
  const undoing = records.some(({ name }) => undoTitles.has(name))
  const failed = records.some(({ state }) => state === 'failed')
  if (!undoing && !failed) return [...titles.keys()]
  const installed = records.some(({ name, state }) => name === 'install' && state === 'ok')
  return undoing || installed ? [...undoTitles.keys()] : []
}

function isOver({ state }: Remediation): boolean {
  return state !== 'approved' && state !== 'applying' && state !== 'proposed'
}

function step(record: StepRecord): Step {
  const skipped = record.state === 'skipped'
  return {
    id: record.name,
    title: skipped ? `${titleOf(record.name)} (not needed)` : titleOf(record.name),
    state: record.state === 'failed' ? 'error' : 'complete',
    details: details(record.detail),
  }
}

function details(detail: string): Sentence {
  // The host repeats who approved, as it was told: people know the name, not the id.
  const actor = /^by ([UW][A-Z0-9]{2,20})$/.exec(detail)?.[1]
  if (actor !== undefined) return [said('by '), person(actor)]
  return detail.trim() === '' || detail === '-' ? [] : [given(detail, 400)]
}

function titleOf(name: string): string {
  return known.get(name) ?? `Step ${name}`
}
