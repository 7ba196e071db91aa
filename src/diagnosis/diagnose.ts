import { counted } from './counted.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { DiagnosisInput, Refusal } from './diagnosis-input.ts'
import { aroundSeen, hitsSeen, sessionsSeen, sharedBecause } from './evidence.ts'
import { findLeak } from './find-leak.ts'
import { kickCommand, remoteBlock } from './host-advice.ts'
import { mostTogether } from './most-together.ts'
import { type Observation, observe } from './observe.ts'
import { suggestValue } from './suggest-value.ts'

/** Dovecot's default, for lines of 1.x that do not name the limit. */
const DEFAULT_LIMIT = 10
/** Syslog's seconds, and a clock that differs a little. */
const CLOCK_SLACK_MS = 2_000
/** A login process that began before a reload goes on with the old limit for this long. */
const OLD_LIMIT_MS = 3 * 60_000
/** How long a refused login counts as a connection that is still wanted. */
const WANTED_MS = 5 * 60_000
const BURST_MS = 2_000
/** Sessions seen this long before the first hit still speak for it. */
const AROUND_MS = 60_000

/**
 * What is behind an incident. Any local account of the mail host can write a line into its log, so only what the host shows
 * confirms a hit: Dovecot refuses when as many sessions as the limit are open, so about as many must still be there.
 * Between half and nearly all of them, the refusal is believed but is over; below, nothing but an earlier sample makes it credible.
 */
export function diagnose(given: DiagnosisInput): Diagnosis {
  // A host's clock may be ahead of ours; nothing was refused later than now.
  const hits = given.hits.map((hit) => ({ ...hit, atMs: Math.min(hit.atMs, given.nowMs) }))
  const input = { ...given, hits }
  const newest = newestOf(input.hits)
  if (!newest) return unconfirmed('There is no hit to judge.', [])
  const raised = alreadyRaised(newest, input)
  if (raised) return raised

  const observations = input.samples
    .toSorted((a, b) => a.atMs - b.atMs)
    .map((sample) => observe(sample, input))
  const now = observations.at(-1)
  if (!now) return unconfirmed('The host has not said which sessions are open.', [hitsSeen(input)])
  if (now.atMs < newest.atMs - CLOCK_SLACK_MS) {
    return unconfirmed('The host was not asked since the newest hit.', [hitsSeen(input)])
  }
  const logged = newest.limit ?? (input.limit || DEFAULT_LIMIT)
  if (now.counted >= nearlyFull(logged)) return confirmed(logged, observations, now, input)
  return over(logged, observations, now, input)
}

function alreadyRaised(newest: Refusal, input: DiagnosisInput): Diagnosis | undefined {
  const { limit, lastChange } = input
  if (limit === undefined) return undefined
  if (limit !== 0 && (newest.limit === undefined || limit <= newest.limit)) return undefined
  const inForce = limit === 0 ? 'no limit is in force now' : `${limit} is in force now`
  const settling =
    lastChange !== undefined && newest.atMs - lastChange.atMs < OLD_LIMIT_MS && lastChange.newValue === limit
  return {
    kind: 'limit-already-raised',
    summary: `The line names a limit${newest.limit === undefined ? '' : ` of ${newest.limit}`}, and ${inForce}.`,
    evidence: [
      settling
        ? 'Connections that were opened before the reload meet the old limit for up to three minutes.'
        : 'Either the configuration was changed after the hit or not reloaded yet, or a remote or local block sets another value for this client.',
      hitsSeen(input),
    ],
    recommend: settling ? 'wait' : 'look-again',
    suggestedValue: undefined,
    why: 'A raise would change a value that this login did not meet.',
    advice: [],
  }
}

function confirmed(
  logged: number,
  observations: readonly Observation[],
  now: Observation,
  input: DiagnosisInput,
): Diagnosis {
  const suggestion = suggestValue({
    open: now.counted,
    refusedTogether: mostTogether(
      input.hits.map((hit) => hit.atMs).filter((atMs) => atMs >= input.nowMs - WANTED_MS),
    ),
    limit: input.limit || logged,
    cap: input.cap,
  })
  const evidence = [sessionsSeen(logged, now, input), hitsSeen(input), ...aroundSeen(now, input)]
  const raise = {
    suggestedValue: suggestion.value,
    why: suggestion.why,
    // At the cap there is nothing left but to need fewer connections.
    recommend: suggestion.value === undefined ? ('mend-client' as const) : ('raise' as const),
  }
  const shared = sharedBecause(now, input)
  if (shared !== undefined) {
    const block =
      suggestion.value === undefined ? undefined : remoteBlock(input.ip, input.service, suggestion.value)
    return {
      kind: 'shared-address',
      summary: `Several users connect from this address, and one of them has reached the limit of ${logged}.`,
      evidence: [shared, ...evidence],
      ...raise,
      advice: block ? [block] : [],
    }
  }
  const leak = findLeak(observations, input)
  if (leak) {
    const kick = kickCommand(input.user, input.userCut, input.ip)
    return {
      kind: 'leaking-client',
      summary: 'One client seems to open connections without closing them; a higher limit would fill up too.',
      evidence: [leak.evidence, ...evidence],
      recommend: 'mend-client',
      suggestedValue: leak.raiseMayHelp ? suggestion.value : undefined,
      why: leak.raiseMayHelp
        ? `If these are devices after all: ${suggestion.why}`
        : 'No limit is high enough for connections that nobody closes.',
      advice: kick ? [kick] : [],
    }
  }
  return {
    kind: 'many-devices',
    summary: `One user's devices at this address need more connections than the limit of ${logged} allows.`,
    evidence,
    ...raise,
    advice: [],
  }
}

/** Fewer sessions than the hit speaks of: they were closed since, or it never happened. */
function over(
  logged: number,
  observations: readonly Observation[],
  now: Observation,
  input: DiagnosisInput,
): Diagnosis {
  const instants = input.hits.map((hit) => hit.atMs).sort((a, b) => a - b)
  const [firstAtMs = now.atMs, lastAtMs = now.atMs] = [instants.at(0), instants.at(-1)]
  const peak = Math.max(
    ...observations.filter((seen) => seen.atMs >= firstAtMs - AROUND_MS).map((seen) => seen.counted),
  )
  const evidence = [sessionsSeen(logged, now, input), hitsSeen(input), ...aroundSeen(now, input)]
  const room = {
    recommend: 'wait' as const,
    suggestedValue: undefined,
    why: `There is room for ${logged - now.counted} more now; a raise is not needed unless it happens again.`,
    advice: [],
  }
  if (peak >= nearlyFull(logged)) {
    return {
      kind: 'stale-sessions',
      summary: 'Connections that were open at the time of the hit are gone by themselves.',
      evidence: [`${peak} were open then, ${now.counted} are now.`, ...evidence],
      ...room,
    }
  }
  if (now.counted * 2 >= logged) {
    const isBurst = lastAtMs - firstAtMs <= BURST_MS
    return {
      kind: isBurst ? 'burst' : 'stale-sessions',
      summary: isBurst
        ? 'Many logins came in one moment; some of these connections are closed again.'
        : 'Some of the connections that were in the way are closed.',
      evidence,
      ...room,
    }
  }
  return unconfirmed(
    `The host shows ${counted(now.counted, 'matching session')}, where a refusal needs ${logged}: the line may be forged, or it is over.`,
    evidence,
  )
}

function unconfirmed(summary: string, evidence: readonly string[]): Diagnosis {
  return {
    kind: 'unconfirmed',
    summary,
    evidence,
    recommend: 'look-again',
    suggestedValue: undefined,
    why: 'Any local account of a mail host can write into its log, so a hit that the host does not confirm justifies no change.',
    advice: [],
  }
}

/** At the moment of a refusal all are open; a fifth may have been closed before the host was asked. */
function nearlyFull(limit: number): number {
  return Math.max(1, limit - Math.max(1, Math.floor(limit / 5)))
}

function newestOf(hits: readonly Refusal[]): Refusal | undefined {
  return hits.toSorted((a, b) => a.atMs - b.atMs).at(-1)
}
