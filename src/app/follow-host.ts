import { classifyLine } from '../dovecot/classify-line.ts'
import type { LogEvent } from '../dovecot/classify-line.ts'
import type { Reason } from '../incidents/reason.ts'
import { fold } from '../incidents/fold.ts'
import { fullJitter } from '../lib/backoff.ts'
import { batches } from '../lib/batches.ts'
import { isOpsError, OpsError } from '../lib/errors.ts'
import { pause } from '../lib/pause.ts'
import type { LogRecord, LogTrouble } from '../logs/log-source.ts'
import { countFromZero } from './count-from-zero.ts'
import { gapNotice, noLogNotice, NOT_READ, notReadNotice, suppressedNotice } from './log-notices.ts'
import { noteTrouble } from './log-trouble.ts'
import type { Parts, WatchedHost } from './parts.ts'
import { withdrawPlans } from './withdraw-plans.ts'

/** At most so many lines in one transaction: in a flood each incident and message is then written once for many hits. */
const BATCH = 2_000
/** A beat alone is stored only so often: reading a few lines of nothing again costs less than a write for each host and beat. */
const BEAT_EVERY_MS = 30_000
/** Reading that went well for so long starts the next attempts afresh. */
const SETTLED_AFTER_MS = 60_000
/** People are told of a log that cannot be read only after this. */
const TELL_AFTER_MS = 120_000

export type FollowParts = Pick<
  Parts,
  'store' | 'clock' | 'log' | 'metrics' | 'lane' | 'quietAfterMs' | 'newId' | 'stored' | 'stopping'
> & {
  /** An incident changed for one of these reasons: its advice may be due. */
  readonly advise: (incidentId: string, reasons: ReadonlySet<Reason>) => void
}

/** Reads the log of one host for ever: from its stored cursor into the store, and again after every fault. Ends when the bot stops. */
export async function followHost(host: WatchedHost, parts: FollowParts): Promise<void> {
  const { clock, stopping, log } = parts
  // A host that was never reached has to show in the metrics, too.
  countFromZero(parts.metrics, host.name)
  const untilNextTry = pause(clock)
  host.reading.trySoon = untilNextTry.endSoon
  for (let attempt = 0; !stopping.aborted; attempt++) {
    let startedAtMs = clock.now()
    try {
      if (host.connection().kind !== 'up') {
        await untilUp(host, stopping)
        host.reading.fault = undefined
      }
      startedAtMs = clock.now()
      // The log's local times mean nothing without the host's offset from UTC.
      host.facts.latest = await host.mailHost.hello()
      await readOn(host, parts)
    } catch (error) {
      if (stopping.aborted) return
      // The store is the one thing that reading cannot do without: without it the bot stops, and nothing is lost.
      if (isOpsError(error) && error.code.startsWith('store')) throw error
      const fault = isOpsError(error) ? error : ownFault(host.name, error)
      const sinceMs = host.reading.fault?.sinceMs ?? clock.now()
      host.reading.fault = { code: fault.code, message: fault.message, hint: fault.hint, sinceMs }
      const fields = { host: host.name, code: fault.code, fault: fault.message }
      if (fault === error) log.warn(fields, 'reading the log of a host failed, trying again')
      else log.error({ ...fields, err: error }, 'a bug of maillimit interrupted the reading of a log')
      // Of a host that is down people are told elsewhere.
      if (host.connection().kind === 'up' && clock.now() - sinceMs >= TELL_AFTER_MS) {
        await parts.store.openNotice(notReadNotice(host.name, fault), parts.lane)
        parts.stored()
      }
    } finally {
      host.reading.following = false
      host.reading.trouble = undefined
      parts.metrics.hostUp.set({ host: host.name }, 0)
    }
    if (stopping.aborted) return
    if (clock.now() - startedAtMs > SETTLED_AFTER_MS) attempt = 0
    // Sooner when a person asks: whoever has mended something wants to see whether it helped.
    await untilNextTry.wait(fullJitter(attempt, { firstMs: 1_000, mostMs: 60_000 }), stopping)
  }
}

/** The other hosts are read on, and this one again: nothing of it is lost, and people know. */
function ownFault(host: string, cause: unknown): OpsError {
  return new OpsError('own-fault', `maillimit met a bug of its own while it read the log of ${host}`, {
    hint: "The bot's own log says more.",
    cause,
  })
}

/** A host that is down is waited for, so that reading goes on the moment it is back. */
function untilUp(host: WatchedHost, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const isUp = () => host.connection().kind === 'up'
    if (isUp()) {
      resolve()
      return
    }
    const finish = () => {
      stopListening()
      stopping.removeEventListener('abort', onAbort)
    }
    const onAbort = () => {
      finish()
      reject(stopping.reason)
    }
    const stopListening = host.onConnection(() => {
      if (!isUp()) return
      finish()
      resolve()
    })
    stopping.addEventListener('abort', onAbort, { once: true })
  })
}

async function readOn(host: WatchedHost, parts: FollowParts): Promise<void> {
  const { store, clock, stopping, metrics } = parts
  const cursor = await store.cursor(host.name)
  let beatStoredAtMs = 0
  const settledAtMs = clock.now() + SETTLED_AFTER_MS
  let isMended = false
  let hasNoLog = host.facts.latest?.log.kind === 'none'
  const take = async (batch: readonly LogRecord[]): Promise<void> => {
    host.reading.lastReadAtMs = clock.now()
    metrics.hostUp.set({ host: host.name }, 1)
    metrics.lastRead.set({ host: host.name }, clock.now() / 1_000)
    for (const run of runsOf(batch)) {
      await noteTrouble(host, troubleIn(run), parts)
      if (run.kind === 'lines') {
        await storeLines(host, run.records, parts)
        beatStoredAtMs = clock.now()
        if (hasNoLog) {
          hasNoLog = false
          await store.endNotice(host.name, NOT_READ)
          parts.stored()
          host.facts.latest = await host.mailHost.hello()
        }
      } else if (run.kind === 'gap') {
        metrics.gaps.inc({ host: host.name, code: run.record.gap.code })
        await store.recordGap(
          host.name,
          run.record.cursor,
          gapNotice(host.name, run.record.gap, clock.now()),
          parts.lane,
        )
        parts.stored()
      } else if (run.record.kind === 'anchor' || clock.now() - beatStoredAtMs >= BEAT_EVERY_MS) {
        await store.saveCursor(host.name, run.record.cursor)
        beatStoredAtMs = clock.now()
      }
    }
    if (!host.reading.following) {
      // Said when the anchor is stored: from now on nothing can be lost.
      parts.log.info({ host: host.name }, 'following the log')
      host.reading.following = true
      if (hasNoLog) await store.openNotice(noLogNotice(host.name), parts.lane)
    }
    // A follow that was dead looks alive when it begins again: it has to show that it moves on.
    const wasDead = host.reading.fault?.code === 'follow-stalled'
    const moves = batch.some((record) => record.kind === 'line') || clock.now() >= settledAtMs
    if (isMended || (wasDead && !moves)) return
    isMended = true
    host.reading.fault = undefined
    if (!hasNoLog) await store.endNotice(host.name, NOT_READ)
    parts.stored()
  }
  // A source that waits for its host learns from nothing but its signal that nobody takes what it reads any more.
  const ending = new AbortController()
  const signal = AbortSignal.any([stopping, ending.signal])
  for await (const batch of batches(host.logSource.read(cursor, signal), BATCH)) {
    await take(batch).catch((error: unknown) => {
      ending.abort(error)
      throw error
    })
  }
}

type Line = Extract<LogRecord, { kind: 'line' }>
type Run =
  | { readonly kind: 'lines'; readonly records: readonly [Line, ...Line[]] }
  | { readonly kind: 'gap'; readonly record: Extract<LogRecord, { kind: 'gap' }> }
  | { readonly kind: 'position'; readonly record: Extract<LogRecord, { kind: 'anchor' | 'beat' }> }

function troubleIn(run: Run): LogTrouble | undefined {
  return run.kind === 'position' && run.record.kind === 'beat' ? run.record.trouble : undefined
}

/** Neighbouring lines go into one transaction; everything else stands alone, in order. */
function runsOf(batch: readonly LogRecord[]): readonly Run[] {
  const runs: Run[] = []
  let lines: [Line, ...Line[]] | undefined
  for (const record of batch) {
    if (record.kind === 'line') {
      if (lines === undefined) {
        lines = [record]
        runs.push({ kind: 'lines', records: lines })
      } else {
        lines.push(record)
      }
      continue
    }
    lines = undefined
    runs.push(record.kind === 'gap' ? { kind: 'gap', record } : { kind: 'position', record })
  }
  return runs
}

async function storeLines(
  host: WatchedHost,
  lines: readonly [Line, ...Line[]],
  parts: FollowParts,
): Promise<void> {
  const { store, clock, metrics, log, lane } = parts
  const nowMs = clock.now()
  const logClock = { receivedAtMs: nowMs, utcOffsetMinutes: host.facts.latest?.utcOffsetMinutes ?? 0 }
  const events = lines.map((line) => ({ line, event: classifyLine(line.raw, logClock) }))
  const hits = events.flatMap(({ line, event }) =>
    event?.kind === 'limit-hit' ? [{ eventId: line.eventId, hit: event.hit }] : [],
  )
  const last = lines.at(-1) ?? lines[0]
  const setting = {
    nowMs,
    lane,
    quietAfterMs: parts.quietAfterMs,
    clockOffsetMs: host.facts.latest?.clockOffsetMs ?? 0,
    newId: parts.newId,
  }
  const recorded = await store.recordHits(host.name, last.cursor, hits, fold, setting)
  host.reading.lastLineAtMs = nowMs
  for (const [reason, count] of recorded.reasons) metrics.hits.inc({ host: host.name, reason }, count)
  if (recorded.repeated > 0) metrics.repeatedHits.inc({ host: host.name }, recorded.repeated)
  await storeOthers(
    host,
    events.flatMap(({ event }) => (event === undefined ? [] : [event])),
    parts,
  )
  parts.stored()
  for (const { incident, reasons } of recorded.incidents) {
    log.debug({ host: host.name, incident: incident.id, reasons: [...reasons] }, 'incident changed')
    if (incident.state === 'resolved') await withdrawPlans(incident.id, 'The incident is over.', parts)
    else parts.advise(incident.id, reasons)
  }
}

async function storeOthers(
  host: WatchedHost,
  events: readonly LogEvent[],
  parts: FollowParts,
): Promise<void> {
  const suppressed = events.findLast((event) => event.kind === 'messages-suppressed')
  if (suppressed !== undefined) {
    await parts.store.openNotice(suppressedNotice(host.name, suppressed, parts.clock.now()), parts.lane)
  }
}
