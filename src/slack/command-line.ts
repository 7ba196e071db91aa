import { closestWord } from './closest-word.ts'

/** What follows `/maillimit`. */
export type CommandLine =
  | { readonly kind: 'help' }
  | { readonly kind: 'status'; readonly user: string }
  | { readonly kind: 'hosts' }
  | { readonly kind: 'history'; readonly user: string | undefined }
  | { readonly kind: 'raise'; readonly host: string; readonly service: string; readonly value: number }
  | { readonly kind: 'rollback'; readonly remediationId: string }
  /** Not understood; a sentence for the person. */
  | { readonly kind: 'wrong'; readonly text: string }

const verbs = ['status', 'hosts', 'raise', 'history', 'rollback', 'help'] as const
const maxValue = 4_294_967_295

export function parseCommandLine(text: string): CommandLine {
  const words = unlink(text.slice(0, 2000)).trim()
  if (words === '') return { kind: 'help' }
  const [first = '', ...others] = words.split(/\s+/)
  const rest = words.slice(first.length).trim()
  switch (first.toLowerCase()) {
    case 'help':
      return { kind: 'help' }
    case 'hosts':
      return { kind: 'hosts' }
    case 'status':
      return rest === ''
        ? wrong('Say whose status: /maillimit status USER')
        : { kind: 'status', user: unquote(rest) }
    case 'history':
      return { kind: 'history', user: rest === '' ? undefined : unquote(rest) }
    case 'raise':
      return raise(others)
    case 'rollback':
      return rollback(others)
    default:
      return unknown(first, rest)
  }
}

function raise(words: readonly string[]): CommandLine {
  const [host, service, value] = words
  if (host === undefined || service === undefined || value === undefined || words.length > 3) {
    return wrong(
      'Say host, service and value: /maillimit raise HOST SERVICE VALUE, such as /maillimit raise mx1 imap 20',
    )
  }
  const name = service
    .toLowerCase()
    .replace(/-login$/, '')
    .replace(/^managesieve$/, 'sieve')
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    return wrong(`"${service}" is no name of a service; imap, pop3, submission and sieve are.`)
  if (!/^[1-9][0-9]{0,9}$/.test(value) || Number(value) > maxValue) {
    return wrong(
      `"${value}" is no limit: say a whole number above 0. To lower a limit, roll back the change that raised it.`,
    )
  }
  return { kind: 'raise', host, service: name, value: Number(value) }
}

function rollback(words: readonly string[]): CommandLine {
  const [id] = words
  if (id === undefined || words.length > 1)
    return wrong('Say which change: /maillimit rollback CHANGE. /maillimit history lists them.')
  const plain = id.toLowerCase()
  if (!/^[a-z0-9][a-z0-9-]{7,63}$/.test(plain))
    return wrong(`"${id}" is no id of a change. /maillimit history lists them.`)
  return { kind: 'rollback', remediationId: plain }
}

function unknown(first: string, rest: string): CommandLine {
  const meant = closestWord(first.toLowerCase(), verbs)
  if (meant !== undefined)
    return wrong(`There is no "${first}". Did you mean /maillimit ${[meant, rest].join(' ').trim()}?`)
  // A user alone is the likeliest question.
  if (first.includes('@')) return wrong(`Did you mean /maillimit status ${first}?`)
  return wrong(`There is no "${first}".`)
}

function wrong(text: string): CommandLine {
  return { kind: 'wrong', text }
}

/** Slack makes links of addresses and host names (`<mailto:a@b|a@b>`, `<http://mx1.example|mx1.example>`) and escapes three signs. */
function unlink(text: string): string {
  return text
    .replace(
      /<(?:mailto:|https?:\/\/)([^|>\s]*)(?:\|([^>]*))?>/gi,
      (_, target: string, label: string | undefined) => label ?? target,
    )
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

function unquote(text: string): string {
  return /^["'“”‘’](.*)["'“”‘’]$/s.exec(text)?.[1] ?? text
}
