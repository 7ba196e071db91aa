import type { LastChange } from '../../incidents/incident.ts'
import { said, type Sentence } from './span.ts'
import { limitText } from './wording.ts'

/** What a message about a change says once a later one took its place; nothing as long as none did. */
export function sinceThen(later: LastChange | undefined): Sentence {
  if (later === undefined) return []
  const { oldValue, newValue, remediationId } = later
  return [
    said(
      `Since then the limit was changed from ${limitText(oldValue)} to ${limitText(newValue)} (change ${remediationId}).`,
    ),
  ]
}
