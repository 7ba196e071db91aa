import { duplexPair, type Duplex } from 'node:stream'
import type { OpsError } from '../../src/lib/errors.ts'
import type { ChannelEnding, HostLink } from '../../src/hosts/host-link.ts'

/** A link without a network: each channel is a helper that runs in this process. */
export type FakeLink = HostLink & {
  readonly requests: string[]
  /** Channels that the bot has not closed. */
  open(...args: Parameters<HostLink['open']>): ReturnType<HostLink['open']>
  readonly counts: { open: number }
}

export type FakeHelper = (stream: Duplex, request: string, end: (ending: ChannelEnding) => void) => void

export function fakeLink(helper: FakeHelper, refusal?: OpsError): FakeLink {
  const requests: string[] = []
  const counts = { open: 0 }
  const listeners = new Set<(state: ReturnType<HostLink['state']>) => void>()
  return {
    name: 'mail1',
    requests,
    counts,
    state: () => ({ kind: 'up', sinceMs: 0 }),
    onState(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    trySoon() {},
    async open(_patience, signal) {
      signal.throwIfAborted()
      if (refusal !== undefined) throw refusal
      const [ours, theirs] = duplexPair()
      counts.open++
      let ending: ChannelEnding = { kind: 'ended', status: undefined, said: '' }
      let closed = false
      let text = ''
      const onData = (bytes: Buffer) => {
        text += bytes.toString()
        const lf = text.indexOf('\n')
        if (lf < 0) return
        theirs.off('data', onData)
        const request = text.slice(0, lf)
        requests.push(request)
        helper(theirs, request, (how) => {
          ending = how
          theirs.end()
        })
        theirs.resume()
      }
      theirs.on('data', onData)
      return {
        stream: ours,
        ending: () => Promise.resolve(ending),
        close() {
          if (!closed) counts.open--
          closed = true
          ours.destroy()
          theirs.destroy()
        },
      }
    },
    async close() {},
  }
}
