import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ENTRY = resolve(import.meta.dirname, '../../bin/maillimit.js')

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** maillimit as an administrator runs it: a process of its own, in an empty folder, told by its environment alone. */
export type Running = {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<Ended>
  /** Waits until its output has this text; fails when it ends before. */
  readonly until: (text: string) => Promise<void>
}

export function startMaillimit(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  folder: string,
  node: string = process.execPath,
): Running {
  const child = spawn(node, [ENTRY, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return follow(child)
}

export function follow(child: ChildProcess): Running {
  let stdout = ''
  let stderr = ''
  let news = Promise.withResolvers<void>()
  const tell = () => {
    news.resolve()
    news = Promise.withResolvers()
  }
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    tell()
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    tell()
  })
  let over = false
  const ended = once(child, 'close').then(([code]): Ended => {
    over = true
    tell()
    return { code: code as number | null, stdout, stderr }
  })
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    async until(text) {
      const has = () => stdout.includes(text) || stderr.includes(text)
      while (!has() && !over) await news.promise
      if (!has()) throw new Error(`it ended without saying "${text}":\n${stdout}\n${stderr}`)
    },
  }
}

/** Runs it to its end in an empty folder. */
export async function maillimit(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  await using folder = await emptyFolder()
  return await startMaillimit(args, environment, folder.path).ended
}

/** Without the lines that say what is waited for, of which a busy machine has more. */
export function withoutWaiting(stderr: string): string {
  return stderr.replace(/^ {2}… {4}.* \(\d+ s\)\n/gm, '')
}

export async function emptyFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'maillimit-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
