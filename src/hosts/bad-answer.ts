import { OpsError } from '../lib/errors.ts'
import type { ChannelEnding } from './host-link.ts'

/** The host said something that host/PROTOCOL.md does not know. `came`: the bytes in question. */
export function badAnswer(host: string, what: string, came?: Uint8Array | string): OpsError {
  const shown = came === undefined ? '' : `: ${excerpt(came)}`
  return new OpsError('bad-answer', `${host} ${what}${shown}`, {
    hint:
      `The other side must be maillimit-host of this release and nothing else: run host/install on ${host} again, and see that ` +
      'nothing prints before it (shell start-up files, ForceCommand, banners).',
    context: { host },
  })
}

/** The answer stopped before its `end` record: by the connection, or by whatever ran in the helper's place. */
export function brokenOff(host: string, ending: ChannelEnding, unfinished: Uint8Array): OpsError {
  if (ending.kind === 'lost') return ending.fault
  const said = ending.said.trim()
  const facts = [
    ending.status,
    unfinished.length > 0 ? `its last line is unfinished: ${excerpt(unfinished)}` : undefined,
    said === '' ? undefined : `its standard error says: ${excerpt(said)}`,
  ].filter((fact) => fact !== undefined)
  return new OpsError(
    'bad-answer',
    `${host} broke off before the end of its answer${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`,
    { hint: hintFor(host, said, ending.status), context: { host } },
  )
}

function hintFor(host: string, said: string, status: string | undefined): string {
  if (/sudo:.*(password|not allowed|not in the sudoers|tty)/s.test(said)) {
    return `sudo does not let the bot's account run the helper: run host/install on ${host} again.`
  }
  if (/not found|no such file/i.test(said) || status === 'exit status 127') {
    return `The helper is not installed: run host/install on ${host}.`
  }
  return `The helper was stopped, or something else ran in its place: look into syslog on ${host}, and run host/install there again.`
}

/** Enough to recognise it, never all of it; control bytes and quotes cannot fool a terminal or a log. */
function excerpt(came: Uint8Array | string): string {
  const bytes = typeof came === 'string' ? Buffer.from(came, 'latin1') : came
  const text = Buffer.from(bytes.subarray(0, 120)).toString('latin1')
  const shown = text.replace(
    /[^ -~]|["\\]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `"${shown}"${bytes.length > 120 ? ` … (${bytes.length} bytes)` : ''}`
}
