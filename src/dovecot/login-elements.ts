import { canonicalAddress } from './canonical-address.ts'

/** The parts that Dovecot's `login_log_format_elements` adds to a login line. */
export type LoginElements = {
  readonly user: string
  readonly userCut: boolean
  readonly method: string | undefined
  readonly rip: string | undefined
  readonly lip: string | undefined
  readonly tls: string | undefined
  readonly session: string | undefined
  readonly extras: ReadonlyArray<readonly [name: string, value: string]>
}

/** Dovecot shows at most 80 bytes of a name: a longer one is cut to 77 and `...` (str_sanitize, with UTF-8 whole). */
const MAX_NAME_BYTES = 80
/** A name this long was not written by Dovecot, whatever the log daemon escaped in it. */
const MAX_NAME_CHARS = 400
const MAX_VALUE_CHARS = 256
const MAX_EXTRAS = 24

/** What can stand after the name. `session=<…>` cannot: its own `>` must not be taken for the name's end. */
const AFTER_NAME = ['>, method=', '>, rip=', '>, lip='] as const
const USER = 'user=<'
const NAME = /^[A-Za-z_][\w.-]{0,63}$/
const TLS = /^(?:secured|TLS|TSL|SSL)(?=$|[ :v])|^(?:TLS|SSL)v/

const encoder = new TextEncoder()

/**
 * Reads `user=<…>, method=…, rip=…, lip=…, TLS, session=<…>`. The name is the one part that a client chooses, and it
 * can hold all of this text again. So the name ends where the last `>, method=` (or `rip=`, `lip=`) within its greatest
 * length stands; only what follows, all of it written by the server, is read as fields. When `doubtful` (the start of
 * the elements is not certain), the longest possible name is taken, which can then be nobody else's.
 */
export function loginElements(text: string, doubtful = false): LoginElements | undefined {
  const userAt = text.startsWith(USER) ? 0 : text.indexOf(`, ${USER}`) + 2
  if (userAt === 1) return undefined
  const start = userAt + USER.length
  const end = nameEnd(text, start, doubtful)
  if (end === undefined || end - start > MAX_NAME_CHARS) return undefined
  const user = text.slice(start, end)
  const before = userAt === 0 ? [] : text.slice(0, userAt - 2).split(', ')
  const after = text.slice(end + 1)
  if (after !== '' && !after.startsWith(', ')) return undefined
  return {
    user,
    userCut: isCut(user),
    ...fields([...before, ...(after === '' ? [] : after.slice(2).split(', '))]),
  }
}

function nameEnd(text: string, start: number, doubtful: boolean): number | undefined {
  if (!doubtful) {
    const within = lastEnd(text, start, start + charsOfName(text, start))
    if (within !== undefined) return within
  }
  const last = lastEnd(text, start, text.length)
  if (last !== undefined) return last
  // An administrator's own order of elements, with nothing that we know behind the name.
  const next = text.indexOf('>, ', start)
  if (next !== -1) return next
  return text.endsWith('>') && text.length > start ? text.length - 1 : undefined
}

function lastEnd(text: string, start: number, latest: number): number | undefined {
  const end = Math.max(...AFTER_NAME.map((mark) => text.lastIndexOf(mark, latest)))
  return end >= start ? end : undefined
}

/** Characters of several bytes are cut whole, so the name may be up to three bytes shorter. */
function isCut(name: string): boolean {
  if (!name.endsWith('...')) return false
  const bytes = encoder.encode(name).length
  return bytes >= MAX_NAME_BYTES - 3 && bytes <= MAX_NAME_BYTES
}

/**
 * How many UTF-16 units from `start` on a name can have: at most 80 bytes of UTF-8. Counted here, because Node 26's
 * TextEncoder.encodeInto sometimes stops before a last character that would still fit, and whoever chose the name gains from that.
 */
function charsOfName(text: string, start: number): number {
  let bytes = 0
  let chars = 0
  for (const character of text.slice(start, start + MAX_NAME_BYTES)) {
    bytes += bytesOf(character.codePointAt(0) ?? 0)
    if (bytes > MAX_NAME_BYTES) break
    chars += character.length
  }
  return chars
}

/** In UTF-8. */
function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

function fields(parts: readonly string[]): Omit<LoginElements, 'user' | 'userCut'> {
  const known = new Map<string, string>()
  const tls: string[] = []
  const extras: (readonly [string, string])[] = []
  for (const part of parts) {
    const [name, value] = nameAndValue(part)
    if (value === undefined && TLS.test(part)) {
      tls.push(capped(part.replace(/^TSL/, 'TLS')))
    } else if (isFirst(known, name, value)) known.set(name, value)
    else if (extras.length < MAX_EXTRAS && part !== '') extras.push([capped(name), capped(value ?? '')])
  }
  return {
    method: known.get('method'),
    rip: known.get('rip'),
    lip: known.get('lip'),
    tls: tls.length > 0 ? tls.join(', ') : undefined,
    session: known.get('session'),
    extras,
  }
}

/** A second `rip=` is some text of an element that an administrator added, so it is shown but not believed. */
function isFirst(
  known: ReadonlyMap<string, string>,
  name: string,
  value: string | undefined,
): value is string {
  if (value === undefined || value === '' || value.length > MAX_VALUE_CHARS || known.has(name)) return false
  if (name === 'rip' || name === 'lip') return canonicalAddress(value) !== undefined
  return name === 'method' || name === 'session'
}

function nameAndValue(part: string): readonly [name: string, value: string | undefined] {
  const equals = part.indexOf('=')
  const name = part.slice(0, equals)
  if (equals < 1 || !NAME.test(name)) return [part, undefined]
  const value = part.slice(equals + 1)
  return [name, value.startsWith('<') && value.endsWith('>') ? value.slice(1, -1) : value]
}

function capped(value: string): string {
  return value.length > MAX_VALUE_CHARS ? `${value.slice(0, MAX_VALUE_CHARS)}…` : value
}
