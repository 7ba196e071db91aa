import { connect, isIPv6 } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'

export type Protocol = 'imap' | 'pop3'

export type SessionsWanted = {
  /** Any name will do; bytes for one that is no UTF-8. */
  readonly user: string | Uint8Array
  readonly count: number
  readonly password?: string
  /** The client's address: one of this machine's, see `addSourceAddress`. An IPv6 one reaches the host's IPv6 address. */
  readonly from?: string
  /** Implicit TLS, on the protocol's own port. */
  readonly tls?: boolean
  /** All at once instead of one after another; Dovecot's counting is not atomic then. */
  readonly atOnce?: boolean
}

export type SessionResult =
  | { readonly state: 'held' }
  /** The server said no, in its own words, without the tag. */
  | { readonly state: 'refused'; readonly text: string }
  /** No answer: the connection failed, or nothing came for 30 s. */
  | { readonly state: 'failed'; readonly text: string }

export type HeldSessions = {
  readonly results: readonly SessionResult[]
  readonly held: number
  readonly refused: number
  /** How many of the held ones the server has not ended since. */
  stillOpen: () => number
  /** What the server said to those that it ended, e.g. `* BYE …`. */
  farewells: () => readonly string[]
  close: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

export type SessionTarget = {
  readonly address: string
  readonly address6: string
  readonly protocol: Protocol
  readonly defaultPassword: string
}

type Session = { readonly result: SessionResult; readonly line: Line }

const PORTS: Readonly<Record<Protocol, readonly [plain: number, tls: number]>> = {
  imap: [143, 993],
  pop3: [110, 995],
}

/** Logs in `count` times from outside and keeps what was let in; resolves when each is in or refused. */
export async function holdSessions(target: SessionTarget, wanted: SessionsWanted): Promise<HeldSessions> {
  const sessions: Session[] = []
  const open = async (): Promise<void> => void sessions.push(await openSession(target, wanted))
  const times = Array.from({ length: wanted.count }, () => open)
  if (wanted.atOnce === true) await Promise.all(times.map((one) => one()))
  else for (const one of times) await one()

  const held = sessions.filter(({ result }) => result.state === 'held')
  const close = async (): Promise<void> => {
    await Promise.all(sessions.map(({ line }) => line.close()))
  }
  return {
    results: sessions.map(({ result }) => result),
    held: held.length,
    refused: sessions.filter(({ result }) => result.state === 'refused').length,
    stillOpen: () => held.filter(({ line }) => line.isOpen()).length,
    farewells: () => held.filter(({ line }) => !line.isOpen()).map(({ line }) => line.unread().trim()),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function openSession(target: SessionTarget, wanted: SessionsWanted): Promise<Session> {
  const [plain, secure] = PORTS[target.protocol]
  const options = {
    host: isIPv6(wanted.from ?? '') ? target.address6 : target.address,
    port: wanted.tls === true ? secure : plain,
    ...(wanted.from === undefined ? {} : { localAddress: wanted.from }),
  }
  const socket =
    wanted.tls === true ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options)
  const line = new Line(socket)
  const user = Buffer.from(wanted.user)
  const password = Buffer.from(wanted.password ?? target.defaultPassword)
  try {
    const logIn = target.protocol === 'imap' ? logInByImap : logInByPop3
    const result = await logIn(line, user, password)
    if (result.state !== 'held') await line.close()
    return { result, line }
  } catch (error) {
    await line.close()
    return { result: { state: 'failed', text: error instanceof Error ? error.message : String(error) }, line }
  }
}

/** Literals instead of quotes: a name may hold any byte. */
async function logInByImap(line: Line, user: Uint8Array, password: Uint8Array): Promise<SessionResult> {
  await line.read()
  line.write(
    'a LOGIN {',
    String(user.length),
    '+}\r\n',
    user,
    ' {',
    String(password.length),
    '+}\r\n',
    password,
    '\r\n',
  )
  for (;;) {
    const answer = await line.read()
    if (answer.startsWith('a OK')) return { state: 'held' }
    // A refused login may be told as the tagged answer, or as a farewell.
    if (!answer.startsWith('* ') || answer.startsWith('* BYE'))
      return { state: 'refused', text: answer.replace(/^(a|\*) /, '') }
  }
}

async function logInByPop3(line: Line, user: Uint8Array, password: Uint8Array): Promise<SessionResult> {
  await line.read()
  line.write('USER ', user, '\r\n')
  const known = await line.read()
  if (!known.startsWith('+OK')) return { state: 'refused', text: known }
  line.write('PASS ', password, '\r\n')
  const answer = await line.read()
  return answer.startsWith('+OK') ? { state: 'held' } : { state: 'refused', text: answer }
}

/** A socket read line by line. */
class Line {
  readonly #socket: Socket
  #buffer = ''
  #fault: string | undefined
  #wake: () => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      this.#buffer += chunk
      this.#wake()
    })
    socket.on('error', (error) => this.#end(error.message))
    socket.on('close', () => this.#end('the server closed the connection'))
  }

  write(...parts: readonly (string | Uint8Array)[]): void {
    this.#socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))))
  }

  async read(timeoutMs = 30_000): Promise<string> {
    const timeout = AbortSignal.timeout(timeoutMs)
    for (;;) {
      const end = this.#buffer.indexOf('\n')
      if (end >= 0) {
        const text = this.#buffer.slice(0, end).replace(/\r$/, '')
        this.#buffer = this.#buffer.slice(end + 1)
        return text
      }
      if (this.#fault !== undefined) throw new Error(this.#fault)
      if (timeout.aborted) throw new Error(`the server said nothing for ${timeoutMs} ms`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timeout.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  unread(): string {
    return this.#buffer
  }

  isOpen(): boolean {
    return this.#fault === undefined
  }

  async close(): Promise<void> {
    this.#socket.destroy()
    while (!this.#socket.closed) await sleep(1)
  }

  #end(fault: string): void {
    this.#fault ??= fault
    this.#wake()
  }
}
