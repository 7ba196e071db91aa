import { dismiss, snooze } from '../incidents/handle.ts'
import type { Act } from '../incidents/act.ts'
import type { Incident } from '../incidents/incident.ts'
import { isOpsError } from '../lib/errors.ts'
import type { Click } from '../remediation/click.ts'
import { mayAct } from '../remediation/policy.ts'
import type { Person, WhoIs } from '../remediation/person.ts'
import type { Actions, RefusedAct, Reply } from '../slack/desk.ts'
import { approve, reject, type DecisionParts } from './decide.ts'
import { requestOtherValue, requestRaise, requestRollback } from './request-plan.ts'
import { done, faultReply, refused } from './reply.ts'
import { withdrawPlans } from './withdraw-plans.ts'

/** What people do in Slack, from the stored click to its effect and the answer for them alone. */
export function createActions(parts: DecisionParts): Actions {
  const { store, clock, log, metrics } = parts

  const act = async (click: Click, person: Person, whoIs: WhoIs): Promise<Reply> => {
    const { command } = click
    switch (command.kind) {
      case 'approve':
        return approve(command.remediationId, click, person, whoIs, parts)
      case 'reject':
        return reject(command.remediationId, person, parts)
      case 'raise':
        return requestRaise(command, person, parts)
      case 'rollback':
        return requestRollback(command.remediationId, person, parts)
      case 'plan-other-value':
        return requestOtherValue(command, person, parts)
      case 'look-again':
        return lookAgain(command.incidentId, person)
      case 'snooze': {
        const untilMs = clock.now() + command.forMs
        return handle(command.incidentId, person, 'snooze', (incident) =>
          snooze(incident, person.id, untilMs, parts.lane),
        )
      }
      case 'dismiss':
        return handle(command.incidentId, person, 'dismiss', (incident) =>
          dismiss(incident, person.id, parts.lane),
        )
    }
  }

  const lookAgain = async (incidentId: string, person: Person): Promise<Reply> => {
    const verdict = mayAct(person, 'look-again')
    if (verdict.kind === 'refused') return verdict
    const incident = await store.incident(incidentId)
    if (incident === undefined) return refused('unknown', 'This incident is not known any more.')
    if (incident.state === 'resolved')
      return refused('resolved', 'This incident is over; there is nothing to look at.')
    if (!parts.hosts.has(incident.host)) {
      return refused('unknown-host', `${incident.host} is not in MAIL_HOSTS any more, so it cannot be asked.`)
    }
    await parts.lookAgain(incidentId)
    return done('The host was asked again; the alert shows what it said.')
  }

  const handle = async (
    incidentId: string,
    person: Person,
    what: 'snooze' | 'dismiss',
    change: (incident: Incident) => Act,
  ): Promise<Reply> => {
    const verdict = mayAct(person, what)
    if (verdict.kind === 'refused') return verdict
    // A hit may be stored between reading and writing: then it is read again.
    for (;;) {
      const incident = await store.incident(incidentId)
      if (incident === undefined) return refused('unknown', 'This incident is not known any more.')
      const result = change(incident)
      if (result.kind === 'nothing')
        return refused('no-effect', `This incident is ${incident.state} already.`)
      const entry = {
        atMs: clock.now(),
        actor: person.id,
        event: result.reason,
        subjectId: incidentId,
        host: incident.host,
        detail: { snoozedUntilMs: result.incident.snoozedUntilMs },
      }
      const effects = { intents: result.intents, audit: [entry] }
      if ((await store.advanceIncident(incident.revision, result.incident, effects)) === 'done') {
        parts.stored()
        if (result.incident.state === 'dismissed')
          await withdrawPlans(incidentId, 'The incident was dismissed.', parts)
        return { kind: 'silent' }
      }
    }
  }

  return {
    recordClick: (click) => store.recordClick(click),
    unfinishedClicks: () => store.unfinishedClicks(),
    async act(click, person, whoIs) {
      let reply: Reply
      try {
        reply = await act(click, person, whoIs)
      } catch (error) {
        if (isOpsError(error) && error.code.startsWith('store')) throw error
        if (!isOpsError(error)) {
          // Our own bug: it would happen again at every start.
          await store.finishClick(click.key, 'fault')
          throw error
        }
        log.warn(
          { command: click.command.kind, code: error.code, fault: error.message },
          'a click could not be carried out',
        )
        reply = faultReply(error)
      }
      const answer = reply.kind === 'refused' ? reply.code : 'done'
      metrics.clicks.inc({ command: click.command.kind, answer })
      if (reply.kind === 'refused') await audit(click.by, click.command, reply.code)
      await store.finishClick(click.key, answer)
      return reply
    },
    async recordRefusal(act, why) {
      metrics.clicks.inc({ command: act.command.kind, answer: why })
      await audit(act.by, act.command, why)
      if (act.key !== undefined) await store.finishClick(act.key, why)
    },
  }

  async function audit(by: string, command: RefusedAct['command'], why: string): Promise<void> {
    await store.audit({
      atMs: clock.now(),
      actor: by,
      event: 'refused-click',
      subjectId: subjectOf(command),
      host: 'host' in command ? command.host : undefined,
      detail: { ...command, why },
    })
  }
}

function subjectOf(command: RefusedAct['command']): string {
  if ('remediationId' in command) return command.remediationId
  return 'incidentId' in command ? command.incidentId : command.kind
}
