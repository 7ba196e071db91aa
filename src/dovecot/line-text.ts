/**
 * Longest part of a line that is looked at. Dovecot writes at most 8 KiB a message and journald's JSON some
 * kilobytes around it, so what is longer was not written by Dovecot.
 */
const MAX_LINE_BYTES = 65_536

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * A log line as text: invalid UTF-8 as U+FFFD, control characters as `?` (as Dovecot itself does), the line's
 * own CR and LF dropped. Never throws, and never looks at more than 64 KiB.
 */
export function lineText(line: Uint8Array): string {
  const text = decoder.decode(line.length > MAX_LINE_BYTES ? line.subarray(0, MAX_LINE_BYTES) : line)
  const end = text.endsWith('\r\n') ? -2 : text.endsWith('\n') || text.endsWith('\r') ? -1 : undefined
  return withoutControls(end === undefined ? text : text.slice(0, end))
}

/** Most lines are plain, and then there is nothing to do. */
const PLAIN = /^[\x20-\x7e]*$/

/** C0, DEL, C1 and the two Unicode line ends: whatever could start a new line or drive a terminal. */
export function withoutControls(text: string): string {
  return PLAIN.test(text) ? text : text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?')
}
