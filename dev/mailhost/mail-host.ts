import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { InsideOptions } from './inside.ts'
import type { Release } from './recipe.ts'
import type { RunResult } from './run.ts'
import type { HeldSessions, SessionResult, SessionsWanted } from './sessions.ts'

/** A whole Debian with its own systemd, Dovecot, rsyslog and sshd, and its own network. */
export type MailHost = {
  /** Its hostname, as the log shows it, and its ssh alias. */
  readonly name: string
  readonly release: Release
  readonly address: string
  readonly address6: string
  /** What the host sees as the client's address unless a session has `from`. */
  readonly ourAddress: string
  readonly ourAddress6: string
  readonly sshPort: 22
  /** Lines for known_hosts, for both addresses and the name. */
  readonly hostKeys: readonly string[]
  /** An ssh_config in which `name` is root on this host, key and known_hosts included: `ssh -F PATH NAME`. */
  readonly sshConfig: string
  /** A folder on this machine for files that shall go when the host goes. */
  readonly filesFolder: string
  /** Where its mail log is, inside. */
  readonly logPath: string
  /** The password of every mailbox. */
  readonly password: string

  /** Pid, on this machine, of the host's process 1; another one after each boot. */
  leaderPid: () => number
  /** Runs a program inside, as root unless `user` is given, without ssh and without a shell. */
  exec: (argv: readonly string[], options?: InsideOptions) => Promise<RunResult>
  /** As `exec`, but an exit code other than 0 throws; returns the standard output. */
  run: (argv: readonly string[], options?: InsideOptions) => Promise<string>
  spawn: (argv: readonly string[], options?: Pick<InsideOptions, 'user'>) => ChildProcessWithoutNullStreams
  readFile: (path: string) => Promise<Buffer>
  /** Overwrites in place; owner and mode stay, a new file gets 0644. */
  writeFile: (path: string, data: string | Uint8Array) => Promise<void>
  /** The lines of the mail log so far. */
  logLines: () => Promise<readonly string[]>
  /** Waits until the log has a line that matches, from line `after` on; throws after `timeoutMs` (30 s). */
  waitForLog: (
    pattern: RegExp,
    options?: { readonly after?: number; readonly timeoutMs?: number },
  ) => Promise<string>

  holdImapSessions: (wanted: SessionsWanted) => Promise<HeldSessions>
  holdPop3Sessions: (wanted: SessionsWanted) => Promise<HeldSessions>
  /** One IMAP login, closed at once. */
  login: (
    user: string | Uint8Array,
    options?: Omit<SessionsWanted, 'user' | 'count'>,
  ) => Promise<SessionResult>
  /** A further client address: the given one (any, IPv4 or IPv6), or the next free one of the host's own net. */
  addSourceAddress: (address?: string) => Promise<string>

  /** Packets vanish in both directions, without resets. */
  cutNetwork: () => Promise<void>
  restoreNetwork: () => Promise<void>
  /** Every process stops in its tracks: connections stay open and nothing answers. */
  freeze: () => Promise<void>
  thaw: () => Promise<void>
  /** An orderly reboot; resolves when the host is ready again. */
  reboot: () => Promise<void>
  /** The host is off in an instant; with an XFS disk, what was not synced is lost. `powerOn` boots it again. */
  powerCut: () => Promise<void>
  powerOn: () => Promise<void>
  /** Ends the host and removes all that it was. */
  [Symbol.asyncDispose]: () => Promise<void>
}
