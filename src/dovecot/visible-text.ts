import { withoutControls } from './line-text.ts'

/** Most texts are plain, and then there is nothing to do: this is many times faster than the patterns below. */
const PLAIN = /^[\x20-\x7e]*$/

/**
 * A text for people's eyes: control characters as `?`, and characters that draw nothing or turn the direction of
 * what follows (bidi marks, zero-width, soft hyphen, tags) as `\u{…}`, so that two names that look alike are alike.
 */
export function visibleText(text: string, maxChars = Infinity): string {
  const shown = PLAIN.test(text) ? text : revealed(text)
  return shown.length > maxChars ? `${shown.slice(0, maxChars).replace(/\p{Cs}$/u, '')}…` : shown
}

function revealed(text: string): string {
  return withoutControls(text)
    .replace(
      /[\p{Cf}\p{Co}\u115f\u1160\u3164\uffa0]/gu,
      (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
    )
    .replace(/\p{Cs}/gu, '\ufffd')
}
