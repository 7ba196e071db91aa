import { createHash, createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { OpsError } from '../lib/errors.ts'

/** One usable line of a known_hosts file; sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export type KnownHostsLine = {
  readonly file: string
  readonly line: number
  readonly marker: 'none' | 'revoked' | 'cert-authority'
  /** The host field as it stands: a comma list of patterns, or one hashed name. */
  readonly names: string
  readonly keyType: string
  readonly key: Buffer
}

export type KnownHosts = {
  /** Asked for, in order, whether they exist or not. */
  readonly files: readonly string[]
  readonly lines: readonly KnownHostsLine[]
  /** Lines that OpenSSH would skip, too: named in errors, because a pin broken in two by an editor looks like no pin. */
  readonly unusable: ReadonlyArray<{ readonly file: string; readonly line: number }>
}

/** What known_hosts says of one host. */
export type HostPins = {
  /** As the host stands in known_hosts: `mail1`, or `[mail1]:2222`. */
  readonly name: string
  readonly knownHosts: KnownHosts
  readonly pinned: readonly KnownHostsLine[]
  /** Pins of the name without its port: OpenSSH accepts a key that matches one of them, but they make nothing "changed". */
  readonly portless: readonly KnownHostsLine[]
  readonly revoked: readonly KnownHostsLine[]
  readonly authorities: readonly KnownHostsLine[]
}

export type HostKeyVerdict =
  | { readonly kind: 'known'; readonly at: KnownHostsLine }
  | { readonly kind: 'revoked'; readonly at: KnownHostsLine }
  | { readonly kind: 'changed'; readonly pinned: readonly KnownHostsLine[] }
  /** Only `@cert-authority` lines name this host; certificates are not supported. */
  | { readonly kind: 'authority-only'; readonly at: KnownHostsLine }
  | { readonly kind: 'unknown' }

/** Reads the files; a missing one is empty, an unreadable one is a fault (`known-hosts-unreadable`). */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHosts> {
  const parsed = await Promise.all(files.map(async (file) => parseKnownHosts(await textOf(file), file)))
  return {
    files,
    lines: parsed.flatMap((one) => one.lines),
    unusable: parsed.flatMap((one) => one.unusable),
  }
}

export function parseKnownHosts(text: string, file: string): KnownHosts {
  const lines: KnownHostsLine[] = []
  const unusable: { file: string; line: number }[] = []
  for (const [index, whole] of text.split('\n').entries()) {
    const content = whole.trim()
    if (content === '' || content.startsWith('#')) continue
    const line = parseLine(content, file, index + 1)
    if (line === undefined) unusable.push({ file, line: index + 1 })
    else lines.push(line)
  }
  return { files: [file], lines, unusable }
}

/** `port` undefined: the name is a HostKeyAlias, which stands for host and port. */
export function pinsOf(knownHosts: KnownHosts, host: string, port: number | undefined): HostPins {
  const portless = port === undefined || port === 22
  const name = portless ? host : `[${host}]:${port}`
  const byName = knownHosts.lines.filter((line) => namesMatch(line.names, name))
  const byHost = portless ? [] : knownHosts.lines.filter((line) => namesMatch(line.names, host))
  return {
    name,
    knownHosts,
    pinned: byName.filter((line) => line.marker === 'none'),
    portless: byHost.filter((line) => line.marker === 'none'),
    revoked: [...byName, ...byHost].filter((line) => line.marker === 'revoked'),
    authorities: byName.filter((line) => line.marker === 'cert-authority'),
  }
}

/** Pure and cheap: it runs at every key exchange of a connection. A revoked key stays revoked, whatever else pins it. */
export function judgeHostKey(pins: HostPins, key: Buffer): HostKeyVerdict {
  const revoked = pins.revoked.find((line) => line.key.equals(key))
  if (revoked !== undefined) return { kind: 'revoked', at: revoked }
  const known = [...pins.pinned, ...pins.portless].find((line) => line.key.equals(key))
  if (known !== undefined) return { kind: 'known', at: known }
  if (pins.pinned.length > 0) return { kind: 'changed', pinned: pins.pinned }
  const authority = pins.authorities[0]
  return authority === undefined ? { kind: 'unknown' } : { kind: 'authority-only', at: authority }
}

/** The key types that known_hosts has of a host. */
export function pinnedKeyTypes(pins: HostPins): readonly string[] {
  return [...new Set([...pins.pinned, ...pins.portless].map((line) => line.keyType))]
}

/** The type that a public key blob names itself (RFC 4253, 6.6); undefined when it is none. */
export function keyTypeOf(key: Buffer): string | undefined {
  if (key.length < 4) return undefined
  const length = key.readUInt32BE(0)
  if (length === 0 || length > 64 || key.length < 4 + length) return undefined
  return key.toString('latin1', 4, 4 + length)
}

/** As `ssh-keygen -l` shows it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw new OpsError('known-hosts-unreadable', `${file} cannot be read: ${code}`, {
      hint: `Let the bot's account read ${file}, or name another file in SSH_KNOWN_HOSTS.`,
      context: { file },
      cause,
    })
  }
}

function parseLine(content: string, file: string, line: number): KnownHostsLine | undefined {
  const words = content.split(/[ \t]+/)
  const first = words[0] ?? ''
  const marker =
    first === '@revoked' ? 'revoked' : first === '@cert-authority' ? 'cert-authority' : ('none' as const)
  if (marker === 'none' && first.startsWith('@')) return undefined
  const [names, keyType, encoded] = marker === 'none' ? words : words.slice(1)
  if (names === undefined || keyType === undefined || encoded === undefined) return undefined
  const key = Buffer.from(encoded, 'base64')
  const clean = key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  if (!clean || !isWhole(key) || keyTypeOf(key) !== keyType) return undefined
  return { file, line, marker, names, keyType, key }
}

/** A key blob is a row of length-prefixed fields: one that was cut short or glued together does not come out even. */
function isWhole(key: Buffer): boolean {
  let at = 0
  let fields = 0
  while (at + 4 <= key.length) {
    at += 4 + key.readUInt32BE(at)
    fields++
  }
  return at === key.length && fields >= 2
}

function namesMatch(names: string, name: string): boolean {
  if (names.startsWith('|')) return hashMatches(names, name)
  let matched = false
  for (const pattern of names.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (globMatches(pattern.slice(1), name.toLowerCase())) return false
    } else if (globMatches(pattern, name.toLowerCase())) {
      matched = true
    }
  }
  return matched
}

function hashMatches(field: string, name: string): boolean {
  const [, version, salt, hash] = field.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  // ssh hashes the lower-cased name; ssh-keygen -H what stood in the file.
  return [name.toLowerCase(), name].some(
    (spelling) => createHmac('sha1', Buffer.from(salt, 'base64')).update(spelling).digest('base64') === hash,
  )
}

/** `*` and `?` only; linear in practice, because it never goes back behind the last star. */
function globMatches(pattern: string, name: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  let index = 0
  while (index < name.length) {
    if (pattern[at] === '*') {
      star = at++
      resume = index
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[index])) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++resume
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
