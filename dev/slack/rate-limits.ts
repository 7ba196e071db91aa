import type { Clock } from '../../src/lib/clock.ts'

export type RateLimitSettings = {
  /** Messages a second to one channel; Slack says about 1. */
  readonly perChannelPerSecond: number
  /** How many may come at once before that. */
  readonly burst: number
  /** Calls a minute of any other method (Slack's tier 3 is 50 and more). */
  readonly perMethodPerMinute: number
}

export const slackRateLimits: RateLimitSettings = { perChannelPerSecond: 1, burst: 5, perMethodPerMinute: 60 }

/** Token buckets, off until they are switched on. */
export type RateLimits = {
  set(settings: RateLimitSettings | 'off'): void
  /** Seconds to wait when the call comes too early, 0 when it may pass. */
  take(method: string, channel: string): number
}

const posting = new Set(['chat.postMessage', 'chat.postEphemeral'])

export function createRateLimits(clock: Clock): RateLimits {
  let settings: RateLimitSettings | 'off' = 'off'
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  return {
    set(next) {
      settings = next
      buckets.clear()
    },
    take(method, channel) {
      if (settings === 'off') return 0
      const isPost = posting.has(method)
      const key = isPost ? `post ${channel}` : method
      const perSecond = isPost ? settings.perChannelPerSecond : settings.perMethodPerMinute / 60
      const size = isPost ? settings.burst : settings.perMethodPerMinute
      const now = clock.now()
      const bucket = buckets.get(key) ?? { tokens: size, atMs: now }
      const tokens = Math.min(size, bucket.tokens + ((now - bucket.atMs) / 1000) * perSecond)
      const passes = tokens >= 1
      buckets.set(key, { tokens: passes ? tokens - 1 : tokens, atMs: now })
      return passes ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond))
    },
  }
}
