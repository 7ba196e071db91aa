import { createHash } from 'node:crypto'
import type { FollowRecord, FollowRequest, HostStream, LogFile } from '../../src/logs/host-stream.ts'

type Node = {
  readonly inode: number
  readonly compression: LogFile['compression']
  bytes: Buffer
  mtimeMs: number
  truncations: number
  names: number
}

export type Rotation = {
  readonly names: 'numbers' | 'dates'
  readonly compress: 'no' | 'at-once' | 'later'
  readonly keep: number
}

export const LIVE = '/var/log/mail.log'
const SEVEN_NUMBERS: Rotation = { names: 'numbers', compress: 'no', keep: 7 }

/**
 * The folder of a mail log as rsyslog and logrotate treat it, in memory. A writer holds one file open and goes on writing to it after a rename,
 * until `reopen`; freed inode numbers are given out again, the lowest first, as ext4 does.
 */
export class LogFolder implements HostStream {
  readonly #nodes = new Map<string, Node>()
  readonly #waiting = new Set<() => void>()
  #writer: Node | undefined
  #inodes = new Set<number>()
  #day = 20261101
  nowMs = Date.UTC(2026, 10, 24, 12)
  /** Follows that are under way. */
  follows = 0

  constructor({ exists = true }: { readonly exists?: boolean } = {}) {
    if (exists) this.reopen()
  }

  append(text: string): void {
    this.reopenIfNeeded()
    const node = this.#writer
    if (node === undefined) return
    node.bytes = Buffer.concat([node.bytes, Buffer.from(text, 'latin1')])
    node.mtimeMs = this.nowMs
    this.#changed()
  }

  /** rsyslog's answer to HUP. */
  reopen(): void {
    let live = this.#nodes.get(LIVE)
    if (live === undefined) {
      live = this.#create('none')
      this.#name(LIVE, live)
    }
    this.#hold(live)
    this.#changed()
  }

  reopenIfNeeded(): void {
    if (this.#writer === undefined) this.reopen()
  }

  /** logrotate with `create`; the writer still holds the old file. */
  rotate(rotation: Rotation = SEVEN_NUMBERS): void {
    const live = this.#nodes.get(LIVE)
    if (live === undefined) return
    this.#shift(rotation)
    this.#nodes.delete(LIVE)
    this.#nodes.set(this.#firstName(rotation), live)
    this.#name(LIVE, this.#create('none'))
    this.#compress(rotation)
    this.#changed()
  }

  /** logrotate with `copytruncate`; `lost` is what the writer wrote after the copy was made. */
  copyTruncate(lost = '', rotation: Rotation = SEVEN_NUMBERS): void {
    this.copy(rotation)
    if (lost !== '') this.append(lost)
    this.truncate(rotation)
  }

  copy(rotation: Rotation = SEVEN_NUMBERS): void {
    const live = this.#nodes.get(LIVE)
    if (live === undefined) return
    this.#shift(rotation)
    const copy = this.#create('none')
    copy.bytes = live.bytes
    this.#name(this.#firstName(rotation), copy)
    this.#changed()
  }

  truncate(rotation: Rotation = SEVEN_NUMBERS): void {
    const live = this.#nodes.get(LIVE)
    if (live === undefined) return
    live.bytes = Buffer.alloc(0)
    live.truncations++
    live.mtimeMs = this.nowMs
    this.#compress(rotation)
    this.#changed()
  }

  /** The newest rotated generation is compressed, in its own time. */
  compressNewest(): void {
    const newest = this.list().findLast((file) => !file.live && file.compression === 'none')
    if (newest !== undefined) this.#pack(newest.path)
  }

  /** rsyslog ends. */
  close(): void {
    if (this.#writer !== undefined) this.#drop(this.#writer)
    this.#writer = undefined
  }

  remove(path: string): void {
    const node = this.#nodes.get(path)
    if (node === undefined) return
    this.#nodes.delete(path)
    this.#drop(node)
    this.#changed()
  }

  paths(): readonly string[] {
    return [...this.#nodes.keys()]
  }

  /** Every byte that stands in some file, compressed or not. */
  contents(): readonly string[] {
    return [...this.#nodes.values()].map((node) => node.bytes.toString('latin1'))
  }

  list(): readonly LogFile[] {
    const files = [...this.#nodes].map(([path, node]) => ({
      path,
      live: path === LIVE,
      device: '8',
      inode: String(node.inode),
      sizeBytes: node.compression === 'none' ? node.bytes.length : undefined,
      mtimeMs: node.mtimeMs,
      fingerprint: fingerprintOf(node.bytes),
      compression: node.compression,
    }))
    return files.toSorted((a, b) => Number(a.live) - Number(b.live) || a.mtimeMs - b.mtimeMs)
  }

  async files(): Promise<readonly LogFile[]> {
    return this.list()
  }

  async *follow(request: FollowRequest, signal: AbortSignal): AsyncGenerator<FollowRecord, void, void> {
    this.follows++
    try {
      const reading = this.open(request)
      for (;;) {
        signal.throwIfAborted()
        const record = reading.next()
        if (record !== 'idle') yield record
        else await this.#change(signal)
        if (record !== 'idle' && (record.kind === 'refused' || record.kind === 'rotated')) return
      }
    } finally {
      this.follows--
    }
  }

  /** What the helper does with one request, one record at a time. */
  open(request: FollowRequest): { next(): FollowRecord | 'idle' } {
    if (request.kind !== 'file') throw new Error('this folder has no journal')
    const node = this.#nodes.get(request.path)
    if (node === undefined) return { next: () => ({ kind: 'refused', code: 'moved' }) }
    const truncations = node.truncations
    let at = request.offset === 'end' ? node.bytes.lastIndexOf(10) + 1 : request.offset
    if (at > node.bytes.length) return { next: () => ({ kind: 'refused', code: 'truncated' }) }
    if (request.mark !== undefined && request.mark !== markBefore(node.bytes, at)) {
      return { next: () => ({ kind: 'refused', code: 'mark' }) }
    }
    let fingerprint = fingerprintOf(node.bytes)
    const place = { kind: 'at', device: '8', inode: String(node.inode) } as const
    const first = { ...place, fingerprint, offset: String(at), mark: markBefore(node.bytes, at) }
    let begun = false
    let beaten = at
    return {
      next: () => {
        if (!begun) {
          begun = true
          return first
        }
        if (node.truncations !== truncations) return { kind: 'refused', code: 'truncated' }
        if (fingerprint === undefined && fingerprintOf(node.bytes) !== undefined) {
          fingerprint = fingerprintOf(node.bytes)
          return { ...place, fingerprint, offset: '0', mark: undefined }
        }
        for (let end = node.bytes.indexOf(10, at); end >= 0; end = node.bytes.indexOf(10, at)) {
          const start = at
          at = end + 1
          const raw = node.bytes.subarray(start, end)
          if (matters(raw)) return { kind: 'line', start: String(start), end: String(at), cut: false, raw }
        }
        const finished =
          node.compression !== 'none' || (this.#nodes.get(LIVE) !== node && this.#writer !== node)
        if (finished && at < node.bytes.length) {
          const start = at
          at = node.bytes.length
          const raw = node.bytes.subarray(start)
          if (matters(raw)) return { kind: 'line', start: String(start), end: String(at), cut: true, raw }
        }
        const mark = node.compression === 'none' ? markBefore(node.bytes, at) : undefined
        if (finished) return { kind: 'rotated', offset: String(at), mark }
        if (beaten === at) return 'idle'
        beaten = at
        return { kind: 'beat', offset: String(at), mark, sizeBytes: node.bytes.length }
      },
    }
  }

  #firstName({ names }: Rotation): string {
    return names === 'numbers' ? `${LIVE}.1` : `${LIVE}-${++this.#day}`
  }

  #shift({ names, keep }: Rotation): void {
    const rotated = this.list()
      .filter((file) => !file.live)
      .map((file) => file.path)
    if (names === 'dates') {
      const sorted = rotated.toSorted()
      for (const path of sorted.slice(0, Math.max(0, sorted.length - keep + 1))) this.remove(path)
      return
    }
    for (const path of rotated.toSorted((a, b) => numberOf(b) - numberOf(a))) {
      const number = numberOf(path)
      if (number >= keep) {
        this.remove(path)
        continue
      }
      const node = this.#nodes.get(path)
      if (node === undefined) continue
      this.#nodes.delete(path)
      this.#nodes.set(path.replace(/\.\d+/, `.${number + 1}`), node)
    }
  }

  #compress({ compress }: Rotation): void {
    if (compress === 'no') return
    const rotated = this.list().filter((file) => !file.live && file.compression === 'none')
    for (const { path } of rotated) {
      const newest = numberOf(path) === 1 || path.endsWith(String(this.#day))
      if (newest && compress === 'later') continue
      this.#pack(path)
    }
  }

  #pack(path: string): void {
    const node = this.#nodes.get(path)
    // logrotate compresses after the postrotate script, whose HUP makes the writer let go.
    if (node === undefined || node === this.#writer) return
    const packed = this.#create('gz')
    packed.bytes = node.bytes
    packed.mtimeMs = node.mtimeMs
    this.#name(`${path}.gz`, packed)
    this.remove(path)
  }

  #create(compression: LogFile['compression']): Node {
    let inode = 100
    while (this.#inodes.has(inode)) inode++
    this.#inodes.add(inode)
    return { inode, compression, bytes: Buffer.alloc(0), mtimeMs: this.nowMs, truncations: 0, names: 0 }
  }

  #name(path: string, node: Node): void {
    node.names++
    this.#nodes.set(path, node)
  }

  #hold(node: Node): void {
    if (this.#writer === node) return
    const before = this.#writer
    node.names++
    this.#writer = node
    if (before !== undefined) this.#drop(before)
  }

  #drop(node: Node): void {
    if (--node.names === 0) this.#inodes.delete(node.inode)
  }

  #changed(): void {
    for (const wake of this.#waiting) wake()
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (run: () => void) => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', abort)
        run()
      }
      const wake = () => settle(resolve)
      const abort = () => settle(() => reject(signal.reason))
      this.#waiting.add(wake)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}

/** The helper's filter, or what stands for it where the wording is no matter. */
function matters(raw: Buffer): boolean {
  return raw.includes('HIT') || raw.includes('Maximum number of connections from user+IP exceeded')
}

function numberOf(path: string): number {
  return Number(/\.(\d+)/.exec(path.slice(LIVE.length))?.[1] ?? 0)
}

function fingerprintOf(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(10)
  return end < 0 ? undefined : sha256(bytes.subarray(0, end + 1))
}

function markBefore(bytes: Buffer, offset: number): string | undefined {
  if (offset === 0) return undefined
  const start = bytes.lastIndexOf(10, offset - 2) + 1
  return sha256(bytes.subarray(Math.max(offset === 1 ? 0 : start, offset - 256), offset))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
