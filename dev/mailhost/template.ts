import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withFileLock } from './file-lock.ts'
import { templateFolder } from './places.ts'
import { recipeOf } from './recipe.ts'
import type { Recipe, Release } from './recipe.ts'
import { run, runChecked } from './run.ts'

export type Progress = (line: string) => void

/** Where packages come from; nothing: debootstrap's own default. */
const MIRROR = process.env['MAILLIMIT_DEBIAN_MIRROR']

/** What is built, with everything that it starts and mounts, ends with this process. */
const CONFINED = 'setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc'.split(' ')

/** The folder of a release's template: built on first use (about a minute), never changed afterwards, shared by all hosts. */
export async function ensureTemplate(
  release: Release,
  progress: Progress = () => undefined,
  /** Breaks off a build. */
  stop?: AbortSignal,
): Promise<string> {
  const recipe = recipeOf(release)
  const folder = templateFolder(release, recipe.hash)
  if (existsSync(folder)) return folder
  const waiting = (): void => progress(`${release}: another process is building the template`)
  await withFileLock(`${folder}.lock`, waiting, async () => {
    if (existsSync(folder)) return
    await removeUnfinished(folder)
    const draft = await mkdtemp(`${folder}.draft-`)
    try {
      await build(recipe, draft, progress, stop)
      await rename(join(draft, 'root'), folder)
    } finally {
      // What a build that was broken off had started may take a moment to end.
      await rm(draft, { recursive: true, force: true, maxRetries: 5 })
    }
  })
  return folder
}

async function build(
  recipe: Recipe,
  draft: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const root = join(draft, 'root')
  const started = performance.now()
  progress(`${recipe.release}: debootstrap ${recipe.suite} with ${recipe.packages.join(' ')}`)
  await mkdir(root, { recursive: true })
  const include = `--include=${recipe.packages.join(',')}`
  const source = MIRROR === undefined ? [] : [MIRROR]
  const argv = [...CONFINED, 'debootstrap', '--variant=minbase', include, recipe.suite, root, ...source]
  const made = await run(argv, { env: cleanEnvironment(), signal })
  if (made.code !== 0) {
    throw new Error(
      `debootstrap ${recipe.suite} failed.\n${lastLines(made.stdout + made.stderr)}\n` +
        'MAILLIMIT_DEBIAN_MIRROR names another mirror, for example one that keeps releases whose support has ended.',
    )
  }
  await writeFile(join(root, 'bake.sh'), recipe.bakeScript)
  await runChecked([...CONFINED, 'chroot', root, 'sh', '/bake.sh', recipe.release], {
    env: cleanEnvironment(),
    signal,
  })
  await rm(join(root, 'bake.sh'))
  const seconds = Math.round((performance.now() - started) / 1000)
  progress(`${recipe.release}: template ready after ${seconds} s`)
}

/** Drafts of a build that was killed; the lock says that nobody is building now. */
async function removeUnfinished(folder: string): Promise<void> {
  const prefix = `${folder}.draft-`
  for (const name of await readdir(dirname(folder))) {
    const path = join(dirname(folder), name)
    if (path.startsWith(prefix)) await rm(path, { recursive: true, force: true })
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const { PATH, http_proxy, https_proxy, no_proxy } = process.env
  const base: NodeJS.ProcessEnv = {
    PATH: PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
  }
  for (const [name, value] of Object.entries({ http_proxy, https_proxy, no_proxy }))
    if (value !== undefined) base[name] = value
  return base
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join('\n')
}
