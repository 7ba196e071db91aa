import { isOpsError } from '../lib/errors.ts'
import { advance } from '../remediation/advance.ts'
import { carryOut, type ExecutorParts, settle } from '../remediation/executor.ts'
import { isFinished } from '../remediation/reducer.ts'
import type { Remediation } from '../remediation/remediation.ts'
import { beginWatch } from '../remediation/verification.ts'
import type { Parts } from './parts.ts'

export type Changes = {
  /** Carries an approved remediation out; resolves with it as it stands at the end (`verifying`, or finished). */
  readonly carryOut: (remediation: Remediation) => Promise<Remediation>
  /** At start: settles with the hosts whatever was under way when the bot died. Never waits for a host. */
  readonly recover: () => Promise<void>
  /** Resolves when nothing is being carried out any more. */
  readonly idle: () => Promise<void>
}

export type ChangeParts = Pick<
  Parts,
  'store' | 'clock' | 'log' | 'metrics' | 'hosts' | 'lane' | 'verifyForMs' | 'stored' | 'stopping' | 'fail'
> & {
  /** Asks for fresh advice on an incident; never waits. */
  readonly lookAgain: (incidentId: string) => void
}

/** Everything that a change of a host entails; one at a time for each host. */
export function createChanges(parts: ChangeParts): Changes {
  const { store, log, metrics, hosts } = parts
  const executorParts: ExecutorParts = parts
  const running = new Set<Promise<unknown>>()

  const track = <T>(work: Promise<T>): Promise<T> => {
    running.add(work)
    const forget = () => running.delete(work)
    work.then(forget, forget)
    return work
  }

  const run = async (
    remediation: Remediation,
    how: typeof carryOut | typeof settle,
  ): Promise<Remediation> => {
    const host = hosts.get(remediation.host)
    if (host === undefined) return abandon(remediation)
    log.info(
      { id: remediation.id, host: host.name },
      how === carryOut ? 'carrying out a remediation' : 'settling a remediation',
    )
    const ended = await how(remediation, host.mailHost, executorParts, parts.stopping)
    if (ended.state === 'verifying') return changed(ended)
    if (isFinished(ended.state)) metrics.remediations.inc({ host: ended.host, state: ended.state })
    return ended
  }

  /** The new value is in force: look at it, let each alert that it concerns show it, and let no plan for the former state keep its button. */
  const changed = async (remediation: Remediation): Promise<Remediation> => {
    await supersedeOthers(remediation)
    for (const incident of await store.openIncidents({ host: remediation.host })) {
      if (incident.service === remediation.service && incident.alertedAtMs !== undefined)
        parts.lookAgain(incident.id)
    }
    const host = hosts.get(remediation.host)
    if (host === undefined) return abandon(remediation)
    try {
      return await beginWatch(remediation, host.mailHost, parts)
    } catch (error) {
      if (!isOpsError(error)) throw error
      log.warn(
        { id: remediation.id, host: host.name, code: error.code },
        'the host could not be asked after a change; the watch will ask again',
      )
      return remediation
    }
  }

  /** MAIL_HOSTS changed between two starts: nobody can be asked any more, so a person has to look. */
  const abandon = async (remediation: Remediation): Promise<Remediation> => {
    const { id, host, service } = remediation
    log.warn({ id, host }, 'a remediation names a host that is not configured any more')
    const why =
      `${host} is not in MAIL_HOSTS any more, so nobody asks it how this change went. ` +
      `Look there with: doveconf -f protocol=${service} -h mail_max_userip_connections`
    const atMs = parts.clock.now()
    const entry = {
      atMs,
      actor: 'maillimit',
      event: 'host-removed',
      subjectId: id,
      host,
      detail: { service },
    }
    const ended = await advance(remediation, { kind: 'host-removed', why, atMs }, parts, [entry])
    if (ended.won) metrics.remediations.inc({ host, state: ended.remediation.state })
    return ended.remediation
  }

  const supersedeOthers = async (remediation: Remediation): Promise<void> => {
    const why = `The limit of ${remediation.service} on ${remediation.host} was changed to ${remediation.plan.newValue} meanwhile.`
    const changedAtMs = remediation.verification?.startedAtMs ?? Number.POSITIVE_INFINITY
    for (const other of await store.proposals(remediation.host, remediation.service)) {
      // After a restart the change may be an old one.
      if (other.proposedAtMs > changedAtMs) continue
      await advance(other, { kind: 'superseded', why, atMs: parts.clock.now() }, parts)
    }
  }

  return {
    carryOut: (remediation) =>
      track(
        run(remediation, carryOut).catch((error: unknown) => {
          report(error)
          throw error
        }),
      ),
    async recover() {
      for (const remediation of await store.unfinished()) {
        if (!hosts.has(remediation.host)) {
          await abandon(remediation)
        } else if (remediation.state === 'verifying') {
          if (remediation.verification?.effectiveValue === undefined)
            void track(changed(remediation).catch(report))
        } else {
          void track(run(remediation, settle).catch(report))
        }
      }
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running)
    },
  }

  /** Whoever asks the host for the outcome has to be able to store it; the next start asks again. */
  function report(error: unknown): void {
    if (parts.stopping.aborted) return
    log.error({ err: error }, 'following a change to its end failed')
    parts.fail(error)
  }
}
