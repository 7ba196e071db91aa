import type { AwaySubject } from '../desk.ts'
import { type Page, shown, small, text } from './piece.ts'
import { given, said, time } from './span.ts'
import { count } from './wording.ts'

/** Hits that were old when they arrived: one message a host, nothing to click. */
export function awayPage(away: AwaySubject): Page {
  const { items, more } = shown(away.users, 30)
  const hits = count(away.hits, 'refused login')
  return {
    summary: [said(`While I was away: ${hits} on `), given(away.host, 80)],
    pieces: [
      { kind: 'header', text: `⚪ While I was away: ${away.host}` },
      text(
        said(`${hits} of ${count(away.users.length, 'user')} between `),
        time(away.firstAtMs),
        said(' and '),
        time(away.lastAtMs),
        said(', found in the log afterwards. A login that is refused now gets an alert of its own.'),
      ),
      {
        kind: 'grid',
        head: ['User', 'Service', 'Client IP', 'Refused'],
        rows: items.map(({ user, service, client, hits }) => [user, service, client, String(hits)]),
      },
      ...(more === 0 ? [] : [small(said(`and ${count(more, 'more user')}`))]),
    ],
  }
}
