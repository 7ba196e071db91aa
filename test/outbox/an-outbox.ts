import { newId } from '../../src/lib/new-id.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { Intent } from '../../src/outbox/intent.ts'
import { type RunningOutbox, runOutbox } from '../../src/outbox/run-outbox.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock, settled } from '../lib/fake-clock.ts'
import { aRemediation } from '../remediation/a-remediation.ts'
import { FakeChannel } from './fake-channel.ts'

/** An outbox that runs on a real store and a fake channel, in a time that tests move. */
export class AnOutbox implements AsyncDisposable {
  readonly clock = new FakeClock()
  readonly channel = new FakeChannel(() => this.clock.now())
  readonly store: Store = openStore(':memory:', { clock: this.clock })
  running: RunningOutbox = this.#start()

  /** Stores that something is to be said, as one transaction, and wakes the outbox. */
  async say(...intents: ReadonlyArray<Partial<Intent> & { readonly messageKey: string }>): Promise<void> {
    await this.store.propose(aRemediation({ id: newId(), incidentId: undefined }), {
      intents: intents.map((intent) => ({
        lane: 'C1',
        kind: 'alert',
        subjectId: intent.messageKey,
        revision: 1,
        threadOf: undefined,
        ...intent,
      })),
      audit: [],
    })
    this.running.wake()
    await settled()
  }

  /** As after SIGKILL: whatever was under way is never heard of again. Only when a call hangs, or nothing is under way. */
  restart(): void {
    this.channel.forgetCaller()
    this.running = this.#start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.stop()
    this.store.close()
  }

  #start(): RunningOutbox {
    return runOutbox({
      store: this.store,
      messenger: this.channel,
      clock: this.clock,
      log: silentLog,
      newId,
    })
  }
}
