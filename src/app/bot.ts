import { fullJitter } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
import { isOpsError } from '../lib/errors.ts'
import type { RunningOutbox } from '../outbox/run-outbox.ts'
import type { Actions, Subjects } from '../slack/desk.ts'
import { createActions } from './actions.ts'
import { createAdvise } from './advise.ts'
import { createAdviser } from './adviser.ts'
import { createChanges } from './changes.ts'
import { type Due, startDue } from './due.ts'
import { followHost } from './follow-host.ts'
import { watchHost } from './host-watch.ts'
import type { Parts } from './parts.ts'
import { requireApprovals } from './require-approvals.ts'
import { createSubjects, hostStates } from './subjects.ts'

/** The far side of the desk: Slack, as far as its life goes. */
export type Front = {
  /** Resolves when clicks can arrive; throws OpsError, retryable when it is only out of reach. */
  start(): Promise<void>
  stop(): Promise<void>
  problem(): string | undefined
  nobodyCanApprove(): Promise<boolean>
}

/** What carries the outbox to the front. */
export type Post = RunningOutbox

export type Bot = {
  readonly subjects: Subjects
  readonly actions: Actions
  /** What is wrong with the bot itself, as sentences; empty: all is well. */
  readonly health: () => Promise<readonly string[]>
  /** Takes up whatever was under way, then begins. Throws what only a person can mend. */
  readonly start: (front: Front, post: Post) => Promise<void>
  /** Ends in order; what a host is still carrying out is settled at the next start. */
  readonly stop: () => Promise<void>
  /** Rejects when the bot cannot go on. */
  readonly failed: Promise<never>
}

/** How long a stop waits for changes that are being carried out. */
const FINISH_WITHIN_MS = 15_000

export function createBot(parts: Omit<Parts, 'stored' | 'stopping' | 'fail'>): Bot {
  const { clock, log, hosts } = parts
  const stopper = new AbortController()
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  let due: Due | undefined
  let front: Front | undefined
  let post: Post | undefined
  const working: Promise<void>[] = []
  const endings: Array<() => void> = []

  const all: Parts = {
    ...parts,
    stopping: stopper.signal,
    fail(error) {
      if (!stopper.signal.aborted) failure.reject(error)
    },
    stored() {
      post?.wake()
      due?.poke()
    },
  }
  const adviser = createAdviser(createAdvise(all), all)
  const lookAgain = (incidentId: string) => {
    adviser.lookAgain(incidentId).catch((error: unknown) => {
      log.warn({ incident: incidentId, err: error }, 'asking the host about an incident failed')
    })
  }
  const changes = createChanges({ ...all, lookAgain })

  const supervise = (work: Promise<void>) => {
    working.push(work.catch((error: unknown) => all.fail(error)))
  }

  return {
    subjects: createSubjects({
      ...all,
      nobodyCanApprove: async () => (await front?.nobodyCanApprove()) ?? true,
    }),
    actions: createActions({ ...all, changes, lookAgain: adviser.lookAgain }),
    failed: failure.promise,

    async health() {
      const states = await hostStates(all)
      const ofHosts = states
        .filter((state) => state.state !== 'following')
        .map((state) => `${state.name}: ${state.state}. ${state.detail ?? ''}`.trim())
      const ofFront = front?.problem()
      return ofFront === undefined ? ofHosts : [ofFront, ...ofHosts]
    },

    async start(givenFront, givenPost) {
      front = givenFront
      post = givenPost
      givenPost.failed.catch((error: unknown) => failure.reject(error))
      await changes.recover()
      await requireApprovals(all)
      await endNoticesOfOthers()
      due = startDue({ ...all, lookAgain })
      for (const host of hosts.values()) {
        endings.push(watchHost(host, all))
        supervise(followHost(host, { ...all, advise: adviser.noticed }))
      }
      await adviser.takeUp()
      await startFront(givenFront)
    },

    async stop() {
      await front?.stop()
      await Promise.race([changes.idle(), sleep(clock, FINISH_WITHIN_MS, stopper.signal).catch(() => {})])
      stopper.abort(new Error('the bot is stopping'))
      for (const end of endings) end()
      await due?.stop()
      await post?.stop()
      await Promise.all(working)
    },
  }

  /** A host that was taken out of MAIL_HOSTS is nobody's problem any more. */
  async function endNoticesOfOthers(): Promise<void> {
    for (const { host, code } of await parts.store.openNotices()) {
      if (!hosts.has(host)) await parts.store.endNotice(host, code)
    }
  }

  /** Slack out of reach is no reason not to read logs: it is tried again in the background. A refused token is. */
  async function startFront(slack: Front): Promise<void> {
    try {
      await slack.start()
    } catch (error) {
      if (!isOpsError(error) || !error.retryable) throw error
      log.warn(
        { code: error.code, fault: error.message },
        'Slack is out of reach; alerts are stored and sent later',
      )
      supervise(keepStarting(slack))
    }
    post?.wake()
  }

  async function keepStarting(slack: Front): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await sleep(clock, fullJitter(attempt, { firstMs: 1_000, mostMs: 30_000 }), stopper.signal)
      try {
        await slack.start()
        // A stop that came meanwhile found nothing to stop.
        if (stopper.signal.aborted) await slack.stop()
        post?.wake()
        return
      } catch (error) {
        if (!isOpsError(error) || !error.retryable) throw error
      }
    }
  }
}
