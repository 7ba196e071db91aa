import { createHash } from 'node:crypto'
import type { MailHost } from '../../../dev/mailhost/mail-host.ts'
import { classifyLine } from '../../../src/dovecot/classify-line.ts'
import { eventIdOf } from '../../../src/logs/event-id.ts'
import { repeatKey } from '../../../src/logs/repeated-lines.ts'
import { numberOf } from './numbered-hit.ts'
import { ARCHIVE, DESTROYED } from './rotation.ts'
import type { Source } from './sources.ts'

/** A limit hit that stands on the host's disk, so that it must be in the store exactly once. */
export type OwedHit = {
  readonly number: number
  /** Which row of the store it must be: by its text if that names a session, otherwise by its place in the log. */
  readonly identity: string
  readonly where: string
}

const FIRST_LINE_BYTES = 64 * 1024
const LF = 10
const CLOCK = { receivedAtMs: Date.now(), utcOffsetMinutes: 0 }

export function identityOf(session: string | undefined | null, eventId: string): string {
  return typeof session === 'string' ? `text ${session}` : `place ${eventId}`
}

/** Every hit on the host's disk, by its identity: a copy, or a line that rsyslog repeated, is owed once. */
export async function owedHits(
  host: MailHost,
  hostName: string,
  source: Source,
): Promise<ReadonlyMap<string, OwedHit>> {
  if (source === 'journal') return byIdentity(await hitsInJournal(host, hostName))
  return hitsOf(host, hostName, `${host.logPath}* ${ARCHIVE}/*`)
}

/** Every hit that was in the log when it was truncated, as far as the copy that was made just before shows. */
export async function destroyedHits(host: MailHost, hostName: string): Promise<ReadonlyMap<string, OwedHit>> {
  return hitsOf(host, hostName, `${DESTROYED}/*`)
}

async function hitsOf(
  host: MailHost,
  hostName: string,
  patterns: string,
): Promise<ReadonlyMap<string, OwedHit>> {
  const list = await host.run(['sh', '-c', `ls -d ${patterns} 2>/dev/null; :`])
  const hits: OwedHit[] = []
  for (const path of list.split('\n').filter((line) => line !== ''))
    for (const hit of await hitsIn(host, hostName, path)) hits.push(hit)
  return byIdentity(hits)
}

function byIdentity(hits: readonly OwedHit[]): ReadonlyMap<string, OwedHit> {
  const owed = new Map<string, OwedHit>()
  for (const hit of hits) if (!owed.has(hit.identity)) owed.set(hit.identity, hit)
  return owed
}

async function hitsIn(host: MailHost, hostName: string, path: string): Promise<readonly OwedHit[]> {
  const read = 'case $1 in *.gz) zcat "$1" ;; *.xz) xzcat "$1" ;; *.zst) zstdcat "$1" ;; *) cat "$1" ;; esac'
  const { stdoutBytes: bytes, code, stderr } = await host.exec(['sh', '-c', read, 'sh', path])
  if (code !== 0) throw new Error(`${path} cannot be read: ${stderr}`)
  const fingerprint = createHash('sha256').update(firstLine(bytes)).digest('hex')
  const hits: OwedHit[] = []
  for (const { line, start } of linesOf(bytes)) {
    const hit = hitOf(line, eventIdOf(hostName, fingerprint, String(start)), `${path}, byte ${start}`)
    if (hit !== undefined) hits.push(hit)
  }
  return hits
}

async function hitsInJournal(host: MailHost, hostName: string): Promise<readonly OwedHit[]> {
  const { stdoutBytes: bytes } = await host.exec(
    'journalctl --quiet --no-pager --output=json --output-fields=MESSAGE,_UID _UID=0 _SYSTEMD_UNIT=dovecot.service'.split(
      ' ',
    ),
  )
  return [...linesOf(bytes)].flatMap(({ line }) => {
    const { __CURSOR: cursor = '' } = JSON.parse(line.toString('utf8')) as { readonly __CURSOR?: string }
    return hitOf(line, eventIdOf(hostName, 'journal', cursor), `the journal, ${cursor}`) ?? []
  })
}

function hitOf(line: Buffer, eventId: string, where: string): OwedHit | undefined {
  const number = numberOf(line.toString('latin1'))
  if (number === undefined) return undefined
  const event = classifyLine(line, CLOCK)
  if (event?.kind !== 'limit-hit') throw new Error(`${where} holds no limit hit: ${line.toString('latin1')}`)
  return { number, identity: identityOf(repeatKey(event.hit), eventId), where }
}

function* linesOf(bytes: Buffer): Generator<{ readonly line: Buffer; readonly start: number }> {
  let start = 0
  for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, start)) {
    yield { line: bytes.subarray(start, lf), start }
    start = lf + 1
  }
}

function firstLine(bytes: Buffer): Buffer {
  const lf = bytes.indexOf(LF)
  return bytes.subarray(0, Math.min(lf < 0 ? bytes.length : lf + 1, FIRST_LINE_BYTES))
}
