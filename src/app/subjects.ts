import type { Session } from '../dovecot/session.ts'
import { isOpsError } from '../lib/errors.ts'
import type { EffectiveLimit } from '../remediation/mail-host.ts'
import { overtakenBy } from '../remediation/overtaken-by.ts'
import type { Remediation } from '../remediation/remediation.ts'
import type { HostState, Subjects, UserStatus } from '../slack/desk.ts'
import { countConnections } from './connections.ts'
import { NO_LOG_HINT } from './log-notices.ts'
import { troubleText } from './log-trouble.ts'
import type { Parts, WatchedHost } from './parts.ts'

const HITS_SINCE_MS = 24 * 3_600_000
const HISTORY = 20

/** What Slack shows, read from the store and, for a user's status, from the hosts at this moment. */
export function createSubjects(
  parts: Pick<Parts, 'store' | 'clock' | 'hosts' | 'limitMax'> & {
    readonly nobodyCanApprove: () => Promise<boolean>
  },
): Subjects {
  const { store, clock, hosts } = parts
  const laterThan = async (remediation: Remediation | undefined) =>
    remediation === undefined
      ? undefined
      : overtakenBy(remediation, await store.lastChange(remediation.host, remediation.service))
  return {
    async alert(incidentId) {
      const incident = await store.incident(incidentId)
      if (incident === undefined) return undefined
      const all = await store.remediationsOf(incidentId)
      // A proposal that fell away shows why only as long as nothing newer stands on the alert.
      const proposal = all.find((remediation) => remediation.approvals.length < remediation.approvalsRequired)
      const approved = all.filter(
        (remediation) =>
          remediation !== proposal && remediation.approvals.length >= remediation.approvalsRequired,
      )
      const newest = all[0]
      return {
        incident,
        proposal: proposal === newest || proposal?.state === 'proposed' ? proposal : undefined,
        remediations: approved,
        overtakenBy: await laterThan(approved[0]),
        nobodyCanApprove: await parts.nobodyCanApprove(),
        limitMax: Math.min(
          parts.limitMax,
          hosts.get(incident.host)?.facts.latest?.maxLimit ?? parts.limitMax,
        ),
        nowMs: clock.now(),
      }
    },
    async remediation(id) {
      const remediation = await store.remediation(id)
      return remediation && { remediation, overtakenBy: await laterThan(remediation) }
    },
    notice: (subjectId) => store.notice(subjectId),
    away: (subjectId) => store.away(subjectId),
    async hosts() {
      const states = await hostStates(parts)
      trySoon(hosts)
      return states
    },
    userStatus(user) {
      trySoon(hosts)
      return userStatus(user, parts)
    },
    history: (user) => store.history({ limit: HISTORY, ...(user === undefined ? {} : { user }) }),
    openIncidents: () => store.openIncidents(),
  }
}

/** Somebody is looking, who may have mended what is wrong and wants to see whether it helped. */
function trySoon(hosts: Parts['hosts']): void {
  for (const host of hosts.values()) {
    host.trySoon()
    host.reading.trySoon()
  }
}

/** How every host is, as far as it is known without asking it. */
export async function hostStates({
  store,
  hosts,
}: Pick<Parts, 'store' | 'hosts'>): Promise<readonly HostState[]> {
  const open = await store.openIncidents()
  return [...hosts.values()].map((host) =>
    hostState(host, open.filter((incident) => incident.host === host.name).length),
  )
}

function hostState(host: WatchedHost, openIncidents: number): HostState {
  const connection = host.connection()
  const { reading } = host
  const facts = host.facts.latest
  const known = {
    name: host.name,
    dovecotVersion: facts?.dovecotVersion,
    logPath: facts?.log.kind === 'file' ? facts.log.path : facts?.log.kind,
    lastLineAtMs: reading.lastLineAtMs,
    limits: facts?.limits ?? [],
    changes: facts?.changes,
    maxLimit: facts?.maxLimit,
    openIncidents,
  }
  if (connection.kind === 'away' && connection.fault !== undefined) {
    const { message: detail, hint, retryable } = connection.fault
    return {
      ...known,
      state: retryable ? 'unreachable' : 'refused',
      detail,
      hint,
      sinceMs: connection.sinceMs,
    }
  }
  if (connection.kind !== 'up') {
    return {
      ...known,
      state: 'connecting',
      detail: 'Connecting.',
      hint: undefined,
      sinceMs: connection.sinceMs,
    }
  }
  if (reading.fault !== undefined && !reading.following) {
    const { message: detail, hint, sinceMs } = reading.fault
    return { ...known, state: 'fault', detail, hint, sinceMs }
  }
  if (reading.trouble !== undefined) {
    const { kind, sinceMs } = reading.trouble
    return { ...known, state: 'fault', ...troubleText(kind), sinceMs }
  }
  if (facts?.log.kind === 'none') {
    const detail = 'No mail log was found, so nothing is read.'
    return { ...known, state: 'fault', detail, hint: NO_LOG_HINT, sinceMs: connection.sinceMs }
  }
  return {
    ...known,
    state: reading.following ? 'following' : 'connecting',
    detail: reading.following ? undefined : 'Connected; reading of the log begins.',
    hint: undefined,
    sinceMs: connection.sinceMs,
  }
}

async function userStatus(
  user: string,
  parts: Pick<Parts, 'store' | 'clock' | 'hosts'>,
): Promise<UserStatus> {
  const { store, clock, hosts } = parts
  const nowMs = clock.now()
  const [answers, hits, openIncidents] = await Promise.all([
    Promise.all([...hosts.values()].map((host) => askHost(host, user))),
    store.hitsOfUser(user, nowMs - HITS_SINCE_MS),
    store.openIncidents({ user }),
  ])
  return { user, nowMs, hosts: answers, hits, openIncidents }
}

async function askHost(host: WatchedHost, user: string): Promise<UserStatus['hosts'][number]> {
  let sessions: readonly Session[] = []
  let limits: readonly EffectiveLimit[] = host.facts.latest?.limits ?? []
  let fault: string | undefined
  try {
    const [live, facts] = await Promise.all([host.mailHost.who(user), host.mailHost.hello()])
    host.facts.latest = facts
    sessions = live
    limits = facts.limits
  } catch (error) {
    if (!isOpsError(error)) throw error
    fault = error.message
  }
  return { host: host.name, fault, limits, connections: countConnections(sessions, user) }
}
