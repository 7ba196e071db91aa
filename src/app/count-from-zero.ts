import type { Metrics } from '../metrics/metrics.ts'
import { GAP_CODES } from './log-notices.ts'

/** What an operator alerts upon, by host: Prometheus sees no increase in a series that begins with 1. */
export function countFromZero(metrics: Metrics, host: string): void {
  for (const state of ['succeeded', 'refused', 'restored', 'needs_operator'])
    metrics.remediations.inc({ host, state }, 0)
  for (const code of GAP_CODES) metrics.gaps.inc({ host, code }, 0)
  metrics.hostUp.set({ host }, 0)
}
