import type { Clock } from '../../src/lib/clock.ts'
import type { Ids } from './ids.ts'

const maxUses = 5
const lifetimeMs = 30 * 60_000

/** Where an answer to a click or command goes. */
export type ReplyTarget = {
  readonly channel: string
  readonly userId: string
  /** The message on which somebody clicked. */
  readonly messageTs: string | undefined
  readonly threadTs: string | undefined
}

/** The secrets in response_url: each is good for 5 answers in 30 minutes. */
export type ResponseUrls = {
  issue(target: ReplyTarget): string
  use(secret: string): ReplyTarget | 'no_such_url' | 'used_url' | 'expired_url'
}

export function createResponseUrls(clock: Clock, ids: Ids): ResponseUrls {
  const issued = new Map<string, { target: ReplyTarget; atMs: number; uses: number }>()
  return {
    issue(target) {
      const secret = ids.secret()
      issued.set(secret, { target, atMs: clock.now(), uses: 0 })
      return secret
    },
    use(secret) {
      const url = issued.get(secret)
      if (url === undefined) return 'no_such_url'
      if (clock.now() - url.atMs > lifetimeMs) return 'expired_url'
      if (url.uses >= maxUses) return 'used_url'
      url.uses += 1
      return url.target
    },
  }
}
