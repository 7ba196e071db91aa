import { escapeEntities, inert, unmark } from '../inert.ts'

/**
 * A run of text in a sentence. `said` are our own words; `given` came from outside and never becomes markup.
 * Every run passes `inert`; the difference decides which carrier the classic form may use.
 */
export type Span =
  | { readonly kind: 'said' | 'given'; readonly text: string; readonly style?: 'bold' | 'code' }
  | { readonly kind: 'person'; readonly id: string }
  | { readonly kind: 'time'; readonly atMs: number }

export type Sentence = readonly Span[]

export function said(text: string): Span {
  return { kind: 'said', text }
}

export function strong(text: string): Span {
  return { kind: 'said', text, style: 'bold' }
}

export function given(text: string, max = 200): Span {
  return { kind: 'given', text: visible(inert(text, max)) }
}

/** What a person would type or copy: a name, an address, a path, a command. */
export function code(text: string, max = 200): Span {
  return { kind: 'given', text: visible(inert(text, max)), style: 'code' }
}

/** A Slack user id as a mention-free reference; anything else is shown as it stands. */
export function person(id: string): Span {
  return /^[UW][A-Z0-9]{2,20}$/.test(id) ? { kind: 'person', id } : given(id, 40)
}

/** Those who approved, one after another. */
export function people(approvals: ReadonlyArray<{ readonly by: string }>): Sentence {
  return approvals
    .slice(0, 10)
    .flatMap(({ by }, index) => (index === 0 ? [person(by)] : [said(', '), person(by)]))
}

export function time(atMs: number): Span {
  return Number.isFinite(atMs) && Math.abs(atMs) < 8.64e15 ? { kind: 'time', atMs } : said('an unknown time')
}

/** Joins sentences with a space. */
export function join(...sentences: readonly Sentence[]): Sentence {
  return sentences
    .filter((sentence) => sentence.length > 0)
    .flatMap((sentence, index) => (index === 0 ? sentence : [said(' '), ...sentence]))
}

export function utc(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Without any markup: for plain_text, which shows every character as it is. */
export function plain(sentence: Sentence, max: number): string {
  return inert(sentence.map(plainSpan).join(''), max)
}

/** The top-level `text` of a message: notifications, screen readers, and the last resort when blocks are refused. */
export function fallback(sentence: Sentence, max: number): string {
  return escapeEntities(unmark(inert(sentence.map(plainSpan).join(''), max)))
}

/** mrkdwn for our own words, people and times; undefined when the sentence holds anything from outside, or would not fit. */
export function mrkdwn(sentence: Sentence, max: number): string | undefined {
  if (sentence.some(({ kind }) => kind === 'given')) return undefined
  const text = sentence.map(mrkdwnSpan).join('')
  return text.length <= max ? text : undefined
}

function plainSpan(span: Span): string {
  if (span.kind === 'person') return span.id
  if (span.kind === 'time') return utc(span.atMs)
  return span.text
}

function mrkdwnSpan(span: Span): string {
  if (span.kind === 'person') return `<@${span.id}>`
  if (span.kind === 'time') {
    return `<!date^${Math.floor(span.atMs / 1000)}^{date_short_pretty} {time_secs}|${utc(span.atMs)}>`
  }
  const text = escapeEntities(inert(span.text, 2000))
  return span.kind === 'said' && span.style === 'bold' ? `*${text}*` : text
}

/** Slack refuses empty texts. */
function visible(text: string): string {
  return text.trim() === '' ? '(empty)' : text
}
