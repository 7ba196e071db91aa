import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

const ENTRY = resolve(import.meta.dirname, '../../dev/demo/cli.ts')

/** The demo as `npm run demo` starts it, on any free port. */
export type DemoProcess = AsyncDisposable & {
  readonly pid: number
  readonly output: () => string
  /** Resolves with its first words: from now on it hears signals, and makes things. */
  readonly begun: Promise<void>
  /** Resolves with the page's address when the demo names it. */
  readonly url: Promise<string>
  /** Sends the signal; resolves with the exit code, or the signal's name. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | string>
}

export function startDemo(...args: readonly string[]): DemoProcess {
  const child = spawn(process.execPath, [ENTRY, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  let output = ''
  const begun = Promise.withResolvers<void>()
  const named = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      begun.resolve()
      const url = /Open (http:\S+)/.exec(output)?.[1]
      if (url !== undefined) named.resolve(url)
    })
  ended
    .then((how) => {
      const why = new Error(`the demo ended (${how}) without a page:\n${output}`)
      begun.reject(why)
      named.reject(why)
    })
    .catch(() => undefined)
  for (const { promise } of [begun, named]) promise.catch(() => undefined)
  const end: DemoProcess['end'] = (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return ended
  }
  return {
    pid: child.pid ?? 0,
    output: () => output,
    begun: begun.promise,
    url: named.promise,
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGTERM')
    },
  }
}
