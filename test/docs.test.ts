import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VARIABLES } from '../src/config/settings.ts'
import { createMetrics } from '../src/metrics/metrics.ts'

const ROOT = resolve(import.meta.dirname, '..')
const pages = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'host/PROTOCOL.md', ...pagesIn('docs')]
  .filter((page) => existsSync(join(ROOT, page)))
  .map((page) => ({ page, text: read(page) }))

describe('the documentation', () => {
  it('is looked at', () => {
    expect(pages.length).toBeGreaterThan(12)
  })

  it.each(pages)('$page links only to what is there', ({ page, text }) => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
    const local = targets.filter((target) => !/^[a-z]+:/.test(target))
    expect(local.filter((target) => !leadsSomewhere(page, target))).toEqual([])
  })

  it.each(pages)('$page names only tests that are there', ({ text }) => {
    const named = [...text.matchAll(/\btest\/[a-z0-9/-]+\.test\.ts\b/g)].map(([path]) => path)
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('names a test for each answer of the threat model', () => {
    const answers = read('docs/threat-model.md').split('\n## ').slice(1)
    expect(answers.length).toBeGreaterThanOrEqual(5)
    for (const answer of answers) {
      expect(answer).toContain('*Remains possible.*')
      expect(answer).toMatch(/\*Tests\.\* `test\//)
    }
  })

  it('lists every decision record', () => {
    const index = read('docs/adr/README.md')
    const records = pagesIn('docs/adr').filter((page) => !page.endsWith('README.md'))
    expect(records.filter((page) => !index.includes(`(${page.replace('docs/adr/', '')})`))).toEqual([])
  })

  it('explains every setting in .env.example, and no other', () => {
    const explained = [...read('.env.example').matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map((match) => match[1])
    expect(new Set(explained)).toEqual(new Set<string>(VARIABLES))
  })

  it('names metrics as they are called', () => {
    const known = createMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name)
    const named = pages.flatMap(({ text }) => text.match(/\bmaillimit_[a-z_]+\b/g) ?? [])
    // Files of a test's mail host are called so, too.
    const unknown = named.filter((name) => !known.includes(name) && !/_(config|ed|key)$/.test(name))
    expect(unknown).toEqual([])
    expect(named.length).toBeGreaterThan(5)
  })

  it('gives the settings of a host the defaults that the helper has', () => {
    const rows = [
      ...read('docs/host-side.md').matchAll(/^\| `([a-z_]+)` \| (?:`([^`]+)`|beside the file) \|/gm),
    ]
    const told = new Map(rows.map(([, name, value]) => [name, value ?? '-']))
    const helper = read('host/maillimit-host')
    const defaults = [...helper.matchAll(/\bconf_([a-z_]+)=('[^']*'|[a-z0-9-]+)/g)].map(
      ([, name, value]) => [name, value?.replaceAll("'", '')] as const,
    )
    const firstGiven = new Map(defaults.toReversed())
    // Without any file nothing may be changed; with one, the default is yes.
    firstGiven.set('changes', 'yes')
    firstGiven.delete('line')
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(firstGiven))
  })
})

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

function pagesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
}

/** A file, and in it the heading that the link names. */
function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(ROOT, file))) return false
  if (anchor === undefined) return true
  const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map((match) => slugOf(match[1] ?? ''))
  return headings.includes(anchor)
}

function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}
