import type { HostState } from '../desk.ts'
import { type Page, shown, small, text } from './piece.ts'
import { code, given, said, type Sentence, type Span, time } from './span.ts'
import { limitSentence } from './status.ts'
import { count } from './wording.ts'

const maxHosts = 15

/** The answer to `/maillimit hosts`. */
export function hostsPage(hosts: readonly HostState[]): Page {
  const { items, more } = shown(troubleFirst(hosts), maxHosts)
  return {
    summary: [said(count(hosts.length, 'mail host'))],
    pieces: [
      { kind: 'header', text: count(hosts.length, 'mail host') },
      ...(hosts.length === 0 ? [text(said('No mail host is set up (MAIL_HOSTS).'))] : []),
      ...items.flatMap((host) => [
        text(...hostSentence(host)),
        { kind: 'list', items: hostFacts(host) } as const,
      ]),
      ...(more === 0
        ? []
        : [
            small(
              said(
                `and ${count(more, 'more host')} that need${more === 1 ? 's' : ''} no attention before these`,
              ),
            ),
          ]),
    ],
  }
}

/** `🟢 mx1: following`, with what is wrong. */
export function hostSentence(host: HostState): Sentence {
  const { sign, words } = states[host.state]
  const detail: readonly Span[] = host.detail === undefined ? [] : [said(': '), given(host.detail, 400)]
  return [said(`${sign} `), code(host.name, 80), said(` ${words} since `), time(host.sinceMs), ...detail]
}

export function troubleFirst(hosts: readonly HostState[]): readonly HostState[] {
  return [...hosts].sort((a, b) => Number(a.state === 'following') - Number(b.state === 'following'))
}

const states: Readonly<Record<HostState['state'], { readonly sign: string; readonly words: string }>> = {
  following: { sign: '🟢', words: 'followed' },
  connecting: { sign: '🔵', words: 'connecting' },
  unreachable: { sign: '🔴', words: 'unreachable' },
  refused: { sign: '🔴', words: 'refused' },
  fault: { sign: '🔴', words: 'at fault' },
}

const changesWords = {
  yes: 'changes allowed',
  advise: 'plans only, changes by hand',
  no: 'no changes allowed',
} as const

function hostFacts(host: HostState): readonly Sentence[] {
  const facts: Sentence[] = []
  if (host.hint !== undefined) facts.push([given(host.hint, 500)])
  if (host.dovecotVersion !== undefined) facts.push([said('Dovecot '), given(host.dovecotVersion, 60)])
  if (host.logPath !== undefined) facts.push([said('log '), code(host.logPath, 200), ...lastLine(host)])
  facts.push(...host.limits.slice(0, 6).map(limitSentence))
  const cap = host.maxLimit === undefined ? '' : `, at most ${host.maxLimit}`
  if (host.changes !== undefined) facts.push([said(`${changesWords[host.changes]}${cap}`)])
  if (host.openIncidents > 0) facts.push([said(count(host.openIncidents, 'open incident'))])
  return facts
}

function lastLine({ lastLineAtMs }: HostState): readonly Span[] {
  return lastLineAtMs === undefined ? [] : [said(', last telling line at '), time(lastLineAtMs)]
}
