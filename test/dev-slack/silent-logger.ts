import { type Logger, LogLevel } from '@slack/web-api'

/** For tests that provoke what Slack's clients would complain about. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
}
