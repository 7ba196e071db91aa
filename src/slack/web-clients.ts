import { WebClient, type WebClientOptions } from '@slack/web-api'
import type { Log } from '../lib/log.ts'
import { boltLog } from './bolt-log.ts'
import type { Network } from './network.ts'

/**
 * Two clients, since the library's queue stops for everybody when one call is rate limited, and its own retries post a message
 * three times when answers are lost. Neither ever retries.
 */
export type WebClients = {
  /** A person waits (trigger ids live 3 s). */
  readonly interactive: WebClient
  /** Messages of the outbox, which knows what to do about each answer. */
  readonly outbox: WebClient
}

export type WebSettings = { readonly botToken: string; readonly apiUrl: string | undefined }

export function createWebClients(settings: WebSettings, network: Network, log: Log): WebClients {
  return {
    interactive: new WebClient(settings.botToken, clientOptions(settings.apiUrl, network, log, 2500)),
    outbox: new WebClient(settings.botToken, clientOptions(settings.apiUrl, network, log, 10_000)),
  }
}

/** A fresh object each time: the library writes into what it is given. Never `headers`, which it would share between tokens. */
export function clientOptions(
  apiUrl: string | undefined,
  network: Network,
  log: Log,
  timeoutMs: number,
): WebClientOptions {
  return {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    fetch: network.fetch,
    logger: boltLog(log),
    timeout: timeoutMs,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  }
}
