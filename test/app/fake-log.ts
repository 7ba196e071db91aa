import type { Cursor } from '../../src/logs/cursor.ts'
import { sleep, type Clock } from '../../src/lib/clock.ts'
import { OpsError } from '../../src/lib/errors.ts'
import type { LogRecord, LogSource, LogTrouble } from '../../src/logs/log-source.ts'

/** A log to which a test appends lines; it is read from any position, like a real one. */
export class FakeLog implements LogSource {
  readonly host: string
  /** Thrown by the next attempts to read. */
  fault: OpsError | undefined
  /** Said by beats until it is taken back. */
  private trouble: LogTrouble | undefined
  private readonly lines: string[] = []
  /** Looks alive when it is opened, and turns out to be dead half a minute later. */
  isDead = false
  /** How many lines were taken from it. */
  taken = 0
  private beats = 0
  private wake = () => {}

  private readonly clock: Clock

  constructor(host: string, clock: Clock) {
    this.host = host
    this.clock = clock
  }

  append(...lines: readonly string[]): void {
    this.lines.push(...lines)
    this.wake()
  }

  say(trouble: LogTrouble | undefined): void {
    this.trouble = trouble
    this.beats++
    this.wake()
  }

  async *read(cursor: Cursor | undefined, signal: AbortSignal): AsyncGenerator<LogRecord> {
    signal.addEventListener('abort', () => this.wake())
    if (this.fault !== undefined) throw this.fault
    let at = cursor?.kind === 'file' ? cursor.offset : this.lines.length
    if (cursor === undefined) yield { kind: 'anchor', cursor: this.position(at) }
    if (this.isDead) {
      yield { kind: 'beat', cursor: this.position(at) }
      await sleep(this.clock, 30_000, signal)
      const words = 'The log grows, but nothing of it was looked at'
      throw new OpsError('follow-stalled', words, { retryable: true, hint: 'Look.' })
    }
    let beats = 0
    while (!signal.aborted) {
      if (beats < this.beats) {
        beats = this.beats
        const { trouble } = this
        yield { kind: 'beat', cursor: this.position(at), ...(trouble === undefined ? {} : { trouble }) }
      }
      const line = this.lines[at]
      if (line === undefined) {
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
        continue
      }
      at++
      this.taken++
      yield {
        kind: 'line',
        raw: Buffer.from(line),
        cut: false,
        eventId: `${this.host}-${at}`,
        cursor: this.position(at),
      }
    }
  }

  private position(offset: number): Cursor {
    return {
      kind: 'file',
      path: '/var/log/mail.log',
      device: '1',
      inode: '1',
      fingerprint: 'f'.repeat(64),
      offset,
      mark: undefined,
      atMs: 0,
    }
  }
}
