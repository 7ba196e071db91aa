import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { helperHostStream } from '../../src/hosts/helper-host-stream.ts'
import { helperMailHost } from '../../src/hosts/helper-mail-host.ts'
import { localLink } from '../../src/hosts/local-link.ts'
import { FakeClock } from '../lib/fake-clock.ts'
import { countingClock } from './counting-clock.ts'
import { leftovers } from './leftovers.ts'

const clock = countingClock()
const never = new AbortController().signal
let folder: string
let path: string
let before: readonly string[]
let toClose: (() => Promise<void>)[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-link-'))
  path = join(folder, 'socket')
  toClose = []
  before = await leftovers()
})
afterEach(async () => {
  for (const close of toClose.toReversed()) await close()
  rmSync(folder, { recursive: true })
  assert.deepEqual({ timers: clock.set(), held: await leftovers(before) }, { timers: 0, held: before })
})

/** What systemd does for maillimit-host.socket: one helper a connection. */
async function unit(helper: (socket: Socket, request: string) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => helper(socket, bytes.toString().trim()))
    socket.on('end', () => socket.end())
  }).listen(path)
  await once(server, 'listening')
  toClose.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  )
}

function link() {
  const made = localLink('local', clock, path, () => 0)
  toClose.push(() => made.close())
  return made
}

test('the same conversation is held over the socket', async () => {
  await unit((socket, request) =>
    socket.end(`step\tlock\tok\t1\t${request.split(' ')[1]}\nend\tok\tapplied\n`),
  )
  const made = link()
  expect(await helperMailHost(made, clock).status('change-0001')).toEqual({
    records: [{ kind: 'step', name: 'lock', state: 'ok', atMs: 1, detail: 'status' }],
    end: { kind: 'applied' },
  })
  expect(made.state().kind).toBe('up')
})

test('a log is followed, and an abort closes the connection', async () => {
  let gone = false
  await unit((socket) => {
    socket.write('at\t1\t2\t-\t0\t-\nline\t0\t4\t-\tabc\n')
    socket.on('close', () => (gone = true))
  })
  const abort = new AbortController()
  const kinds: string[] = []
  const following = (async () => {
    for await (const record of helperHostStream(link(), clock).follow(
      { kind: 'journal', cursor: undefined },
      abort.signal,
    )) {
      kinds.push(record.kind)
      if (record.kind === 'line') setImmediate(() => abort.abort(new Error('enough')))
    }
  })()
  await expect(following).rejects.toThrow('enough')
  expect(kinds).toEqual(['at', 'line'])
  await expect.poll(() => gone).toBe(true)
})

test('without a socket the fault says what to run; whoever is patient is served when it appears', async () => {
  const made = link()
  const states: string[] = []
  made.onState((state) => states.push(state.kind))
  await expect(made.open('now', never)).rejects.toMatchObject({
    code: 'unreachable',
    message: `local: the helper’s socket ${path} cannot be reached (ENOENT)`,
    hint: expect.stringContaining('systemctl enable --now maillimit-host.socket'),
  })
  const patient = made.open('when-up', never)
  await unit(() => {})
  const channel = await patient
  channel.close()
  expect(states.at(-1)).toBe('up')
  expect(states).toContain('down')
})

test('it is up, and up again, without anybody asking for a channel', async () => {
  await unit(() => {})
  const made = link()
  await expect.poll(() => made.state().kind).toBe('up')
  rmSync(path)
  await expect(made.open('now', never)).rejects.toMatchObject({ code: 'unreachable' })
  expect(made.state().kind).toBe('down')
  await unit(() => {})
  await expect.poll(() => made.state().kind).toBe('up')
})

test('whoever is looking need not wait for the next try', async () => {
  const standing = new FakeClock()
  const made = localLink('local', standing, path)
  toClose.push(() => made.close())
  await standing.advance(0)
  await expect.poll(() => made.state().kind).toBe('down')
  await unit(() => {})
  made.trySoon()
  await expect.poll(() => made.state().kind).toBe('up')
})

test('a helper that ends without an end is a bad answer; closing ends what is under way', async () => {
  await unit((socket, request) => {
    if (request.endsWith('who')) socket.end('session\tx\n')
  })
  const made = link()
  const host = helperMailHost(made, clock)
  await expect(host.who()).rejects.toMatchObject({ code: 'bad-answer' })
  const hanging = host.hello()
  setImmediate(() => void made.close())
  await expect(hanging).rejects.toMatchObject({ code: 'link-closed' })
  await expect(made.open('when-up', never)).rejects.toMatchObject({ code: 'link-closed' })
})
