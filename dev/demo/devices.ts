import { setTimeout as sleep } from 'node:timers/promises'
import type { MailHost } from '../mailhost/mail-host.ts'
import type { HeldSessions, SessionResult } from '../mailhost/sessions.ts'

/** Somebody whose devices keep IMAP sessions open, from one address. */
export type Owner = { readonly user: string; readonly from: string }

/**
 * Devices as people have them: each keeps a session open, comes back when the server ends it, and tries again after a while
 * when it was refused.
 */
export type Devices = AsyncDisposable & {
  /** Switches on this many more; resolves with what the server said to each. */
  switchOn: (
    owner: Owner,
    count: number,
    afterRefusal: 'try-again' | 'give-up',
  ) => Promise<readonly SessionResult[]>
  /** Those that are not connected try at once instead of after a while; resolves when each has its answer. */
  reconnect: (user: string) => Promise<void>
  /**
   * Resolves once each is connected or was refused, after some seconds at the latest: a reload ends sessions a while after it, and they
   * come back by themselves.
   */
  settled: (user: string) => Promise<void>
  count: (user: string) => number
  connected: (user: string) => number
  switchOffAll: () => Promise<void>
}

const LOOK_EVERY_MS = 250
const AFTER_REFUSAL_MS = 20_000
const AFTER_FAILURE_MS = 3_000
const SETTLED_WITHIN_MS = 15_000

type Device = {
  readonly owner: Owner
  session: HeldSessions | undefined
  isBusy: boolean
  triesAgainAtMs: number
}

export function createDevices(host: MailHost): Devices {
  let devices: readonly Device[] = []

  async function logIn(device: Device): Promise<SessionResult> {
    device.isBusy = true
    const session = await host.holdImapSessions({ ...device.owner, count: 1 }).finally(() => {
      device.isBusy = false
    })
    const result = session.results[0] ?? { state: 'failed', text: 'no session was opened' }
    device.session = session
    device.triesAgainAtMs =
      performance.now() +
      (result.state === 'held' ? 0 : result.state === 'refused' ? AFTER_REFUSAL_MS : AFTER_FAILURE_MS)
    // Switched off meanwhile.
    if (!devices.includes(device)) await session.close()
    return result
  }

  const isConnected = ({ session }: Device): boolean => session?.stillOpen() === 1
  const timer = setInterval(() => {
    const now = performance.now()
    for (const device of devices)
      if (!device.isBusy && !isConnected(device) && now >= device.triesAgainAtMs) void logIn(device)
  }, LOOK_EVERY_MS)

  async function switchOffAll(): Promise<void> {
    const all = devices
    devices = []
    await Promise.all(all.map(async (device) => device.session?.close()))
  }

  return {
    async switchOn(owner, count, afterRefusal) {
      const results: SessionResult[] = []
      for (let i = 0; i < count; i++) {
        const device = { owner, session: undefined, isBusy: false, triesAgainAtMs: 0 }
        devices = [...devices, device]
        const result = await logIn(device)
        results.push(result)
        if (result.state !== 'held' && afterRefusal === 'give-up')
          devices = devices.filter((other) => other !== device)
      }
      return results
    },
    async reconnect(user) {
      const mine = devices.filter((device) => device.owner.user === user)
      // A login that is under way may still be refused by the limit of before.
      while (mine.some(({ isBusy }) => isBusy)) await sleep(50)
      await Promise.all(mine.filter((device) => !isConnected(device)).map(logIn))
    },
    async settled(user) {
      const isUnanswered = (device: Device): boolean =>
        device.owner.user === user &&
        (device.isBusy || (!isConnected(device) && performance.now() >= device.triesAgainAtMs))
      const deadline = performance.now() + SETTLED_WITHIN_MS
      while (devices.some(isUnanswered) && performance.now() < deadline) await sleep(50)
    },
    count: (user) => devices.filter(({ owner }) => owner.user === user).length,
    connected: (user) => devices.filter((device) => device.owner.user === user && isConnected(device)).length,
    switchOffAll,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await switchOffAll()
    },
  }
}
