import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { SpawnOptions } from 'node:child_process'

export type RunResult = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What was written, byte for byte: logs and configurations need not be UTF-8. */
  readonly stdoutBytes: Buffer
}

export type RunOptions = {
  readonly input?: string | Uint8Array
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Aborted: the program is killed, and the promise rejected. */
  readonly signal?: AbortSignal | undefined
}

/** Runs a program without a shell, to its end. A signal counts as 128 + its number, as in a shell; only a missing program throws. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file, ...args] = argv
  if (file === undefined) throw new TypeError('run needs a program')
  const spawnOptions: SpawnOptions = { stdio: ['pipe', 'pipe', 'pipe'] }
  if (options.env !== undefined) spawnOptions.env = options.env
  if (options.cwd !== undefined) spawnOptions.cwd = options.cwd
  if (options.signal !== undefined)
    Object.assign(spawnOptions, { signal: options.signal, killSignal: 'SIGKILL' })
  const child = spawn(file, args, spawnOptions)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  // A program that ends without reading its input is no fault of the caller's.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const stdoutBytes = Buffer.concat(out)
      resolve({
        code: code ?? 128 + signalNumber(signal),
        stdout: stdoutBytes.toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
        stdoutBytes,
      })
    })
  })
}

/** As `run`, but anything other than exit code 0 is a fault that shows the command and what it said. */
export async function runChecked(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await run(argv, options)
  if (result.code !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).slice(-2000)
    throw new Error(`${argv.join(' ')} exited with ${result.code}: ${said}`)
  }
  return result
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0)
}
