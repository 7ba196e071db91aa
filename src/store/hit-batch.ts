import { saveAway, newestAway } from './aways.ts'
import type { Away } from '../incidents/away.ts'
import type { Decision, Fold, FoldContext } from '../incidents/fold.ts'
import { hitAtMs } from '../incidents/hit-at.ts'
import { incidentKey } from '../incidents/incident-key.ts'
import type { Incident, IncidentKey, LastChange } from '../incidents/incident.ts'
import type { Reason } from '../incidents/reason.ts'
import { type Storm, STORM_WINDOW_MS } from '../incidents/storm.ts'
import { repeatKey } from '../logs/repeated-lines.ts'
import type { Intent } from '../outbox/intent.ts'
import type { AuditEntry } from '../remediation/remediation-store.ts'
import { addAudit } from './audit.ts'
import type { Database } from './database.ts'
import { enqueue } from './enqueue.ts'
import { incidentOf, saveIncident } from './incident-rows.ts'
import { newestStorm, saveStorm } from './notices.ts'
import { lastChange } from './remediation-rows.ts'
import type { FoldSetting, ObservedHit, RecordedHits } from './store.ts'

const OPEN_INCIDENT = `
  SELECT * FROM incidents
  WHERE host = :host AND service = :service AND user = :user AND client = :client AND state <> 'resolved'`

const ALERTS_LATELY = `SELECT count(*) AS alerts FROM incidents WHERE host = :host AND alerted_at_ms > :sinceMs`

/** Does nothing when the event is known already, or the same line of the same login session. */
const ADD_HIT = `
  INSERT INTO hits (event_id, host, service, user, client, session, limit_value, at_ms, reason, incident_id, away_id)
  VALUES (:eventId, :host, :service, :user, :client, :session, :limit, :atMs, :reason, :incidentId, :awayId)
  ON CONFLICT DO NOTHING`

/**
 * Folds one batch of hits of one host within a transaction. What the fold looks at is read once and kept here; each incident and each
 * message is written once, at the end, however many hits it had.
 */
export class HitBatch {
  readonly #db: Database
  readonly #host: string
  readonly #fold: Fold
  readonly #setting: FoldSetting
  readonly #open = new Map<string, Incident | undefined>()
  readonly #changes = new Map<string, LastChange | undefined>()
  readonly #changed = new Map<string, { incident: Incident; readonly reasons: Set<Reason> }>()
  readonly #intents = new Map<string, Intent>()
  readonly #reasons = new Map<Reason, number>()
  readonly #audit: AuditEntry[] = []
  #alertsLately: number
  #storm: Storm | undefined
  #stormChanged = false
  #away: Away | undefined
  readonly #aways = new Map<string, Away>()
  #stored = 0
  #repeated = 0

  constructor(db: Database, host: string, fold: Fold, setting: FoldSetting) {
    this.#db = db
    this.#host = host
    this.#fold = fold
    this.#setting = setting
    const since = db.get(ALERTS_LATELY, { host, sinceMs: setting.nowMs - STORM_WINDOW_MS })
    this.#alertsLately = Number(since?.['alerts'] ?? 0)
    this.#storm = newestStorm(db, host)
    this.#away = newestAway(db, host)
  }

  add({ eventId, hit }: ObservedHit): void {
    const key = incidentKey(this.#host, hit)
    const open = this.#openIncident(key)
    const decision = this.#fold(open, hit, this.#context(hit.service))
    const added = this.#db.run(ADD_HIT, {
      ...key,
      eventId,
      session: repeatKey(hit),
      limit: hit.limit,
      atMs: hitAtMs(hit, this.#setting),
      reason: decision.reason,
      incidentId: decision.incident?.id,
      awayId: decision.away?.id,
    })
    if (added === 0) {
      this.#repeated++
      return
    }
    this.#stored++
    this.#take(key, decision)
  }

  /** Writes everything that followed, and says what it was. */
  finish(): RecordedHits {
    const { nowMs, lane } = this.#setting
    const incidents = [...this.#changed.values()]
    // A resolved incident makes room for the next one of its key.
    for (const { incident } of incidents) if (incident.state === 'resolved') saveIncident(this.#db, incident)
    for (const { incident } of incidents) if (incident.state !== 'resolved') saveIncident(this.#db, incident)
    if (this.#storm !== undefined && this.#stormChanged) saveStorm(this.#db, this.#storm, lane, nowMs)
    for (const away of this.#aways.values()) saveAway(this.#db, away)
    enqueue(this.#db, this.#intents.values(), nowMs)
    addAudit(this.#db, this.#audit)
    return { stored: this.#stored, repeated: this.#repeated, reasons: this.#reasons, incidents }
  }

  #take(key: IncidentKey, decision: Decision): void {
    const { reason, incident, resolved, storm, away, intents } = decision
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    if (resolved !== undefined) {
      this.#change(resolved, 'quiet-resolved')
      this.#note('resolved', resolved)
      this.#open.set(mapKey(key), undefined)
    }
    if (incident !== undefined) {
      const before = this.#open.get(mapKey(key))
      if (before === undefined) this.#note('opened', incident)
      if (incident.alertedAtMs !== undefined && before?.alertedAtMs === undefined) this.#alertsLately++
      this.#change(incident, reason)
      this.#open.set(mapKey(key), incident)
    }
    if (storm !== undefined) {
      this.#storm = storm
      this.#stormChanged = true
    }
    if (away !== undefined) {
      this.#away = away
      this.#aways.set(away.id, away)
    }
    for (const intent of intents) this.#intents.set(intent.messageKey, this.#merged(intent))
  }

  #merged(intent: Intent): Intent {
    const before = this.#intents.get(intent.messageKey)
    return before === undefined
      ? intent
      : { ...intent, relaxed: (before.relaxed ?? false) && (intent.relaxed ?? false) }
  }

  #change(incident: Incident, reason: Reason): void {
    const known = this.#changed.get(incident.id)
    if (known === undefined) {
      this.#changed.set(incident.id, { incident, reasons: new Set([reason]) })
      return
    }
    known.incident = incident
    known.reasons.add(reason)
  }

  #context(service: string): FoldContext {
    return {
      ...this.#setting,
      host: this.#host,
      lastChange: this.#lastChange(service),
      alertsLately: this.#alertsLately,
      storm: this.#storm,
      away: this.#away,
    }
  }

  #openIncident(key: IncidentKey): Incident | undefined {
    const name = mapKey(key)
    if (this.#open.has(name)) return this.#open.get(name)
    const row = this.#db.get(OPEN_INCIDENT, key)
    const open = row === undefined ? undefined : incidentOf(row)
    this.#open.set(name, open)
    return open
  }

  #lastChange(service: string): LastChange | undefined {
    if (!this.#changes.has(service)) this.#changes.set(service, lastChange(this.#db, this.#host, service))
    return this.#changes.get(service)
  }

  /** Openings and ends; hits are counted in their own table. */
  #note(event: 'opened' | 'resolved', incident: Incident): void {
    const { id: subjectId, host, service, limit } = incident
    this.#audit.push({
      atMs: this.#setting.nowMs,
      actor: 'maillimit',
      event,
      subjectId,
      host,
      detail: { service, limit },
    })
  }
}

function mapKey(key: IncidentKey): string {
  return `${key.service}\n${key.client}\n${key.user}`
}
