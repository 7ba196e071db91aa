/**
 * The one place that makes text from outside (logs, hosts, the directory) safe to show.
 * It only takes away; what carries the text (rich_text, raw_text, plain_text) must not interpret it either.
 */

/** Invisible, direction-changing or control: nothing that a person could see or should be fooled by. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** More than four marks on one letter would paint over the lines around it. */
const markPile = /(\p{M}{4})\p{M}+/gu

/** One line of visible text, at most `max` UTF-16 units, cut with an ellipsis; cut first, so that escaping afterwards never halves an entity. */
export function inert(text: string, max: number): string {
  // Far more than can be shown is dropped before the regexes run: a line of a megabyte costs nothing.
  const rough = text.length > max * 4 + 64 ? text.slice(0, max * 4 + 64) : text
  const clean = rough
    .replace(/[\t\n\r]+/g, ' ')
    .replace(unseen, '')
    .replace(markPile, '$1')
  return cut(clean, max, rough.length < text.length)
}

/** Several lines, each inert; at most `max` units together and `maxLines` lines. */
export function inertLines(text: string, max: number, maxLines = 60): string {
  const all = text.slice(0, max * 4 + 64).split('\n')
  const lines = all.slice(0, maxLines).map((line) => inert(line, max))
  if (all.length > maxLines) lines.push('…')
  return cut(lines.join('\n'), max, false)
}

/** Slack's three entities, in the order that does not escape twice. Only for mrkdwn and the top-level `text`. */
export function escapeEntities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * For the top-level `text` alone, which has no carrier without markup: the signs that have no escape give way to their look-alikes.
 * An underscore within a word is not markup and stays, since names have it.
 */
export function unmark(text: string): string {
  return text
    .replaceAll('*', '∗')
    .replaceAll('~', '∼')
    .replaceAll('`', 'ˋ')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '＿')
}

function cut(text: string, max: number, more: boolean): string {
  if (text.length <= max && !more) return text
  let end = Math.max(0, Math.min(text.length, max) - 1)
  const last = text.charCodeAt(end - 1)
  if (last >= 0xd800 && last <= 0xdbff) end -= 1
  return `${text.slice(0, end)}…`
}
