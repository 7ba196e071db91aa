import { counted } from './counted.ts'
import type { DiagnosisInput } from './diagnosis-input.ts'
import type { Observation } from './observe.ts'

/** A leak shows over time only: connections are opened again and again and none is closed. */
const LEAK_SPAN_MS = 10 * 60_000
const LEAK_MIN_OPENED = 5
const LEAK_MIN_RISES = 3
/** So soon after a raise no new devices turn up in numbers. */
const FILLED_AGAIN_MS = 60 * 60_000
/** No person has so many devices and folders in use at one place. */
const IMPLAUSIBLE_SESSIONS = 60

export type Leak = { readonly evidence: string; readonly raiseMayHelp: boolean }

/** Signs that one client opens connections without closing them. Only for an address with a single user. */
export function findLeak(observations: readonly Observation[], input: DiagnosisInput): Leak | undefined {
  return risingWithoutEnd(observations) ?? filledAgain(observations, input) ?? implausible(observations)
}

function risingWithoutEnd(observations: readonly Observation[]): Leak | undefined {
  const first = observations[0]
  const last = observations.at(-1)
  if (!first || !last || last.atMs - first.atMs < LEAK_SPAN_MS) return undefined
  let opened = 0
  let closed = 0
  let rises = 0
  let before = first
  for (const next of observations.slice(1)) {
    opened += missingFrom(next.pids, before.pids)
    closed += missingFrom(before.pids, next.pids)
    if (next.counted > before.counted) rises += 1
    before = next
  }
  if (opened < LEAK_MIN_OPENED || rises < LEAK_MIN_RISES || closed * 10 > opened) return undefined
  const minutes = Math.round((last.atMs - first.atMs) / 60_000)
  return {
    evidence: `In ${minutes} minutes ${opened} connections were opened and ${closed} closed: from ${first.counted} to ${last.counted}.`,
    raiseMayHelp: false,
  }
}

function filledAgain(observations: readonly Observation[], input: DiagnosisInput): Leak | undefined {
  const last = observations.at(-1)
  const { lastChange } = input
  if (!last || !lastChange) return undefined
  const ageMs = input.nowMs - lastChange.atMs
  const doubled = lastChange.newValue >= lastChange.oldValue * 2
  if (ageMs < 0 || ageMs > FILLED_AGAIN_MS || !doubled || last.counted < lastChange.newValue) return undefined
  // Somebody whom the old limit did not hinder has filled nothing again.
  if (!input.refusedBeforeChange) return undefined
  return {
    evidence: `The limit was raised from ${lastChange.oldValue} to ${lastChange.newValue} ${counted(Math.round(ageMs / 60_000), 'minute')} ago, and ${last.counted} connections are open again.`,
    raiseMayHelp: true,
  }
}

function implausible(observations: readonly Observation[]): Leak | undefined {
  const last = observations.at(-1)
  if (!last || last.counted < IMPLAUSIBLE_SESSIONS) return undefined
  return {
    evidence: `${last.counted} connections of one user from one address are more than people's devices open.`,
    raiseMayHelp: true,
  }
}

/** How many of `pids` are not in `others`, each counted as often as it stands there (one process may serve several). */
function missingFrom(pids: readonly number[], others: readonly number[]): number {
  const left = new Map<number, number>()
  for (const pid of others) left.set(pid, (left.get(pid) ?? 0) + 1)
  let missing = 0
  for (const pid of pids) {
    const count = left.get(pid) ?? 0
    if (count > 0) left.set(pid, count - 1)
    else missing += 1
  }
  return missing
}
