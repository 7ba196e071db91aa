import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * The one table of who may import whom. A room is a folder of src/; it may always import itself and `lib`.
 * `sdk` are the packages that belong to this room alone; `node` says whether Node's own modules may be used.
 */
const ROOMS: Record<
  string,
  { readonly rooms: readonly string[]; readonly sdk: readonly string[]; readonly node: 'all' | 'crypto' }
> = {
  // pure rooms
  lib: { rooms: [], sdk: [], node: 'crypto' },
  dovecot: { rooms: [], sdk: ['ipaddr.js'], node: 'crypto' },
  diagnosis: { rooms: ['dovecot'], sdk: ['ipaddr.js'], node: 'crypto' },
  incidents: { rooms: ['dovecot', 'diagnosis', 'outbox'], sdk: [], node: 'crypto' },
  remediation: { rooms: ['dovecot', 'outbox', 'incidents'], sdk: [], node: 'crypto' },
  logs: { rooms: [], sdk: [], node: 'crypto' },
  outbox: { rooms: [], sdk: [], node: 'crypto' },
  // adapters
  config: { rooms: [], sdk: ['zod'], node: 'all' },
  hosts: { rooms: ['dovecot', 'logs', 'remediation'], sdk: ['ssh2', 'tail', 'zod'], node: 'all' },
  slack: {
    rooms: ['dovecot', 'diagnosis', 'incidents', 'remediation', 'outbox'],
    sdk: ['@slack/bolt', '@slack/socket-mode', '@slack/web-api', '@slack/types', 'undici', 'zod'],
    node: 'all',
  },
  store: {
    rooms: ['dovecot', 'diagnosis', 'incidents', 'remediation', 'logs', 'outbox'],
    sdk: ['zod'],
    node: 'all',
  },
  metrics: { rooms: [], sdk: ['@prometheus-io/client'], node: 'all' },
  // composition
  app: {
    rooms: [
      'config',
      'dovecot',
      'diagnosis',
      'incidents',
      'remediation',
      'logs',
      'outbox',
      'hosts',
      'slack',
      'store',
      'metrics',
    ],
    sdk: [],
    node: 'crypto',
  },
  cli: {
    // doctor asks hosts, slack and store itself; what a host answers is described in remediation.
    rooms: ['app', 'config', 'dovecot', 'diagnosis', 'remediation', 'hosts', 'slack', 'store'],
    sdk: ['commander', 'pino'],
    node: 'all',
  },
}

/** In app/ only this file may know the adapters; the others are handed ports. */
const COMPOSER = 'src/app/compose.ts'
const ADAPTERS = ['hosts', 'slack', 'store', 'metrics']
/** Types and pure functions of an adapter's room that app/ implements or reads: its port. */
const PORT_FILES = ['src/slack/desk.ts', 'src/metrics/metrics.ts', 'src/store/store.ts']

const ROOT = resolve(import.meta.dirname, '..')
const files = listFiles(join(ROOT, 'src')).filter((file) => file.endsWith('.ts'))
const imports = files.flatMap(importsOf)

describe('the architecture', () => {
  it('is measured on real files', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(imports.length).toBeGreaterThan(150)
  })

  it('has a row in the table for every room', () => {
    const rooms = new Set(files.map(roomOf).filter((room) => room !== ''))
    expect([...rooms].filter((room) => !(room in ROOMS))).toEqual([])
  })

  it('lets a room import only the rooms that its row names', () => {
    const wrong = imports.filter(({ from, target, dynamic }) => {
      if (!target.startsWith('src/')) return target.startsWith('dev/') || target.startsWith('test/')
      const [room, other] = [roomOf(from), roomOf(target)]
      if (room === other || other === 'lib') return false
      if (room === '') return !(other === 'cli' && dynamic)
      return !ROOMS[room]?.rooms.includes(other)
    })
    expect(wrong.map(show)).toEqual([])
  })

  it('lets a package into the rooms that its row names, and nowhere else', () => {
    const wrong = imports.filter(({ from, target }) => {
      if (target.startsWith('src/') || target.startsWith('node:') || target.startsWith('package.json'))
        return false
      return !ROOMS[roomOf(from)]?.sdk.includes(target)
    })
    expect(wrong.map(show)).toEqual([])
  })

  it('keeps Node modules but node:crypto out of the pure rooms', () => {
    const wrong = imports.filter(
      ({ from, target }) =>
        target.startsWith('node:') && target !== 'node:crypto' && ROOMS[roomOf(from)]?.node === 'crypto',
    )
    expect(wrong.map(show)).toEqual([])
    expect(
      imports.filter(({ from, target }) => target === 'node:sqlite' && roomOf(from) !== 'store'),
    ).toEqual([])
  })

  it('lets only the composing file of app/ know the adapters', () => {
    const wrong = imports.filter(
      ({ from, target, typeOnly }) =>
        roomOf(from) === 'app' &&
        from !== COMPOSER &&
        ADAPTERS.includes(roomOf(target)) &&
        !(typeOnly && PORT_FILES.includes(target)),
    )
    expect(wrong.map(show)).toEqual([])
  })

  it('has no cycles between files', () => {
    const graph = Map.groupBy(
      imports.filter(({ typeOnly }) => !typeOnly),
      ({ from }) => from,
    )
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (file: string, path: readonly string[]) => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
        return
      }
      if (done.has(file)) return
      for (const { target } of graph.get(file) ?? []) visit(target, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })

  it('takes time only from the clock', () => {
    const wrong = files.filter(
      (file) =>
        file !== 'src/lib/clock.ts' &&
        /\b(Date\.now\(|new Date\(\)|setTimeout\(|setInterval\()/.test(
          readFileSync(join(ROOT, file), 'utf8'),
        ),
    )
    expect(wrong).toEqual([])
  })

  it('has files that a person can hold in their head', () => {
    const lines = files
      .map((file) => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length }))
      .sort((a, b) => a.lines - b.lines)
    expect(lines.filter((row) => row.lines > 300)).toEqual([])
    expect(lines[Math.floor(lines.length / 2)]?.lines).toBeLessThan(90)
  })
})

type Import = {
  readonly from: string
  readonly target: string
  readonly typeOnly: boolean
  readonly dynamic: boolean
}

function importsOf(from: string): Import[] {
  const text = readFileSync(join(ROOT, from), 'utf8')
  const found: Import[] = []
  for (const match of text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"();]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm,
  )) {
    found.push(importOf(from, match[2] ?? match[3] ?? '', match[1] !== undefined, false))
  }
  for (const match of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) {
    found.push(importOf(from, match[1] ?? '', false, true))
  }
  return found
}

function importOf(from: string, specifier: string, typeOnly: boolean, dynamic: boolean): Import {
  const target = specifier.startsWith('.')
    ? relative(ROOT, resolve(ROOT, dirname(from), specifier))
    : specifier.startsWith('node:')
      ? specifier
      : specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/')
  return { from, target, typeOnly, dynamic }
}

function roomOf(file: string): string {
  const [top, room, rest] = file.split('/')
  return top === 'src' && rest !== undefined ? (room ?? '') : ''
}

function listFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? listFiles(path) : [relative(ROOT, path)]
  })
}

function show({ from, target }: Import): string {
  return `${from} imports ${target}`
}
