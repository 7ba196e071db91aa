import { isOpsError } from '../lib/errors.ts'
import { tellOfDrift } from './drift.ts'
import { suppressedNotice, UNREACHABLE, unreachableNotice } from './log-notices.ts'
import type { HostFacts } from '../remediation/mail-host.ts'
import type { Connection, Parts, WatchedHost } from './parts.ts'

/** People are told of an unreachable host only after this: links break and come back. */
const TELL_AFTER_MS = 120_000
/** How often a host that is up is asked what is in force. */
const ASK_EVERY_MS = 600_000

/**
 * Keeps an eye on the connection to one host: asks `hello` each time that it comes up and every ten minutes, and tells the channel when it is
 * down for two minutes (at once, when only a person can mend it), and when a limit is not the one that was left. Returns a function that ends the watch.
 */
export function watchHost(
  host: WatchedHost,
  parts: Pick<Parts, 'store' | 'clock' | 'log' | 'lane' | 'stored' | 'stopping'>,
): () => void {
  const { store, clock, log, lane } = parts
  let cancelTimer = () => {}
  let isAway = false
  let told: string | undefined
  let toldSuppressedAtMs: number | undefined

  const tell = async (): Promise<void> => {
    const connection = host.connection()
    if (connection.kind === 'up' || connection.kind === 'closed') return
    const { fault } = connection
    const { notice } = await store.openNotice(unreachableNotice(host.name, fault), lane)
    told = fault?.message
    log.warn({ host: host.name, notice: notice.id }, 'a mail host cannot be reached')
    parts.stored()
  }

  const lookAt = (connection: Connection): void => {
    if (connection.kind === 'up') {
      cancelTimer()
      cancelTimer = () => {}
      isAway = false
      told = undefined
      recovered().catch(report)
      return
    }
    if (connection.kind === 'closed') {
      cancelTimer()
      return
    }
    if (!isAway) {
      isAway = true
      cancelTimer()
      cancelTimer = clock.after(TELL_AFTER_MS, () => {
        tell().catch(report)
      })
    }
    const { fault } = connection
    // What only a person can mend is told at once, and once.
    if (fault?.retryable === false && fault.message !== told) {
      cancelTimer()
      tell().catch(report)
    }
  }

  const recovered = async (): Promise<void> => {
    if ((await store.endNotice(host.name, UNREACHABLE)) !== undefined) {
      log.info({ host: host.name }, 'a mail host can be reached again')
      parts.stored()
    }
    await ask()
  }

  const ask = async (): Promise<void> => {
    if (host.connection().kind !== 'up') return
    cancelTimer()
    cancelTimer = clock.after(ASK_EVERY_MS, () => {
      ask().catch(report)
    })
    const askedAtMs = clock.now()
    try {
      const facts = await host.mailHost.hello()
      host.facts.latest = facts
      await tellOfDrift(host.name, facts, askedAtMs, parts)
      await tellOfSuppressed(facts)
    } catch (error) {
      if (!isOpsError(error)) throw error
      log.warn(
        { host: host.name, code: error.code, fault: error.message },
        'a mail host did not answer hello',
      )
    }
  }

  const tellOfSuppressed = async ({ suppressed }: HostFacts): Promise<void> => {
    if (suppressed === undefined || suppressed.atMs === toldSuppressedAtMs) return
    toldSuppressedAtMs = suppressed.atMs
    await store.openNotice(suppressedNotice(host.name, suppressed, clock.now()), lane)
    parts.stored()
  }

  function report(error: unknown): void {
    if (!parts.stopping.aborted) log.error({ host: host.name, err: error }, 'watching a host failed')
  }

  const stopListening = host.onConnection(lookAt)
  lookAt(host.connection())
  return () => {
    stopListening()
    cancelTimer()
  }
}
