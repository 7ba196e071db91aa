import { Counter, Gauge, Registry } from '@prometheus-io/client'

/** What the bot counts. Labels never hold user names or addresses. */
export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  return {
    registry,
    hits: new Counter({
      name: 'maillimit_limit_hits_total',
      help: 'Limit hits stored, by mail host and by what was decided.',
      labelNames: ['host', 'reason'],
      registers,
    }),
    repeatedHits: new Counter({
      name: 'maillimit_repeated_lines_total',
      help: 'Limit hit lines that were stored already and did not count again.',
      labelNames: ['host'],
      registers,
    }),
    gaps: new Counter({
      name: 'maillimit_log_gaps_total',
      help: 'Times that log lines were lost for good before they could be read, by mail host and kind.',
      labelNames: ['host', 'code'],
      registers,
    }),
    hostUp: new Gauge({
      name: 'maillimit_host_following',
      help: '1 while the log of the mail host is being followed.',
      labelNames: ['host'],
      registers,
    }),
    lastRead: new Gauge({
      name: 'maillimit_host_last_read_timestamp_seconds',
      help: 'When the mail host last told how far its log was read.',
      labelNames: ['host'],
      registers,
    }),
    remediations: new Counter({
      name: 'maillimit_remediations_total',
      help: 'Remediations that ended, by mail host and state.',
      labelNames: ['host', 'state'],
      registers,
    }),
    clicks: new Counter({
      name: 'maillimit_clicks_total',
      help: 'What people asked for in Slack, by command and answer.',
      labelNames: ['command', 'answer'],
      registers,
    }),
    outbox: new Gauge({
      name: 'maillimit_outbox_messages',
      help: 'Messages by delivery state.',
      labelNames: ['state'],
      registers,
    }),
    outboxLag: new Gauge({
      name: 'maillimit_outbox_oldest_unsent_seconds',
      help: 'Age of the oldest message state that Slack has not seen yet.',
      registers,
    }),
    slackConnected: new Gauge({
      name: 'maillimit_slack_connected',
      help: '1 while at least one Socket Mode connection is open.',
      registers,
    }),
  }
}
