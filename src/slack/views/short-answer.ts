import { type Page, text } from './piece.ts'
import { given, person, said, type Sentence } from './span.ts'

/** A sentence or two for one person; `decidedBy` names whose click came first. */
export function shortAnswer(words: string, decidedBy?: string): Page {
  const sentence: Sentence =
    decidedBy === undefined
      ? [given(words, 2500)]
      : [given(words, 2500), said(' First was '), person(decidedBy), said('.')]
  return { summary: sentence, pieces: [text(...sentence)] }
}
