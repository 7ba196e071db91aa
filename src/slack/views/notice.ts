import { splitAtInstants } from '../../incidents/written-instant.ts'
import type { HostNotice } from '../desk.ts'
import { inert } from '../inert.ts'
import { type Page, text } from './piece.ts'
import { given, said, type Sentence, strong, time } from './span.ts'

/** Something is wrong with a mail host, or is over again. */
export function noticePage(notice: HostNotice): Page {
  const over = notice.state === 'over'
  const sign = over ? '🟢' : '🟠'
  const state = over ? 'Over' : 'Problem'
  return {
    summary: [
      said(`${sign} ${state} on `),
      given(notice.host, 80),
      said(': '),
      ...withTimes(notice.text, 300),
    ],
    pieces: [
      { kind: 'header', text: `${sign} ${state} on ${notice.host}` },
      text(...withTimes(notice.text, 1500)),
      ...(notice.hint === undefined || over ? [] : [text(strong('What to do: '), given(notice.hint, 1000))]),
      {
        kind: 'small',
        sentence: [
          said('Since '),
          time(notice.sinceMs),
          ...(notice.untilMs === undefined ? [] : [said(', until '), time(notice.untilMs)]),
          said('.'),
        ],
      },
    ],
  }
}

/** As `given`, with the instants in it as times of the reader. */
function withTimes(notice: string, max: number): Sentence {
  const pieces = splitAtInstants(inert(notice, max))
  if (pieces.length === 0) return [given('')]
  return pieces.map((piece) => (typeof piece === 'number' ? time(piece) : given(piece, max)))
}
