import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join, resolve } from 'node:path'

const ENTRY = resolve(import.meta.dirname, '../bin/maillimit.js')
const LOGGED_WITHIN_MS = 30_000
const STOPS_WITHIN_MS = 15_000

/**
 * Ends with its parent, however that ends: the kernel sends the signal. If the parent was gone before it could be asked
 * to, the program is not even started.
 */
const LEASH = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', '[ "$PPID" = "$1" ] && shift && exec "$@"', 'sh']

/** The bot as an administrator runs it: a process of its own, told by its environment alone. */
export type BotProcess = AsyncDisposable & {
  readonly pid: number
  /** What it logged so far, one object a line. */
  readonly log: () => ReadonlyArray<Record<string, unknown>>
  readonly errors: () => string
  /** The end of both, and how it ended if it has. */
  readonly lastWords: () => string
  /** The same, standard error too, as a file. */
  readonly logPath: string
  readonly ready: Promise<void>
  /** Waits for a log entry with this message that comes after the first `after` ones; fails with the last entries. */
  readonly untilLogged: (message: string, after?: number, timeoutMs?: number) => Promise<void>
  /** Resolves with the exit code, `null` after a signal. */
  readonly ended: Promise<number | null>
  /** Rejects when the bot ends before it is told to. */
  readonly failed: Promise<never>
  /** SIGKILL: nothing is tidied up. */
  readonly kill: () => Promise<void>
  /** SIGTERM, as systemd stops it. */
  readonly stop: () => Promise<number | null>
}

/**
 * Starts the bot in `folder`. Ctrl-C in the terminal is for whoever starts it, who then ends the bot. `elsewhere` starts a bot that is
 * installed somewhere else, and must end with this process as well.
 */
export function startBot(
  environment: Readonly<Record<string, string>>,
  folder: string,
  elsewhere?: readonly string[],
): BotProcess {
  const here = [...LEASH, String(process.pid), process.execPath, ENTRY, 'run']
  const [program = '', ...words] = elsewhere ?? here
  const child = spawn(program, words, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, HTTP_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const logPath = join(folder, 'bot.log')
  const file = createWriteStream(logPath, { flags: 'a' }).on('error', () => undefined)
  const log: Record<string, unknown>[] = []
  let errors = ''
  let rest = ''
  let isToEnd = false
  const ready = Promise.withResolvers<void>()
  const logged = new EventTarget()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    file.write(chunk)
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>
      log.push(entry)
      if (entry['msg'] === 'ready') ready.resolve()
    }
    logged.dispatchEvent(new Event('entry'))
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    file.write(chunk)
    errors += chunk
  })
  const lastWords = () =>
    [
      ...log.slice(-20).map((entry) => JSON.stringify(entry)),
      errors,
      isRunning(child) ? '' : `It has ended: ${child.signalCode ?? child.exitCode}`,
    ].join('\n')
  const ended = once(child, 'close').then(([code]) => {
    file.end()
    return code as number | null
  })
  const failed = ended.then((code) => {
    const why = new Error(`The bot ended (${code ?? child.signalCode}). Its last words:\n${lastWords()}`)
    ready.reject(why)
    if (!isToEnd) throw why
    return new Promise<never>(() => undefined)
  })
  failed.catch(() => undefined)
  ready.promise.catch(() => undefined)

  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    isToEnd = true
    if (isRunning(child)) child.kill(signal)
    return ended
  }
  return {
    pid: child.pid ?? 0,
    log: () => log,
    errors: () => errors,
    lastWords,
    logPath,
    ready: ready.promise,
    ended,
    failed,
    untilLogged(message, after = 0, timeoutMs = LOGGED_WITHIN_MS) {
      const found = Promise.withResolvers<void>()
      const look = () => {
        if (log.slice(after).some((entry) => entry['msg'] === message)) found.resolve()
      }
      logged.addEventListener('entry', look)
      look()
      const late = setTimeout(() => {
        found.reject(
          new Error(
            `After ${timeoutMs / 1000} s the bot has not logged "${message}"; its last words:\n${lastWords()}`,
          ),
        )
      }, timeoutMs)
      return Promise.race([found.promise, failed]).finally(() => {
        clearTimeout(late)
        logged.removeEventListener('entry', look)
      })
    },
    async kill() {
      await end('SIGKILL')
    },
    stop: () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      const late = setTimeout(() => void end('SIGKILL'), STOPS_WITHIN_MS)
      await end('SIGTERM')
      clearTimeout(late)
    },
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}
