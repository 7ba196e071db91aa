import type { ModalView } from '@slack/types'
import type { AlertSubject } from '../desk.ts'
import { blocksOf, plainText } from './blocks.ts'
import { small, text } from './piece.ts'
import { code, given, said } from './span.ts'
import { limitText } from './wording.ts'

export const otherValueCallback = 'other-value'
export const otherValueBlock = 'value'
export const otherValueAction = 'value'

export type ValueBounds = { readonly current: number | undefined; readonly min: number; readonly max: number }

/** What may be asked for: above the limit in force, at most LIMIT_MAX. `min > max`: nothing. */
export function valueBounds({ incident, limitMax }: AlertSubject): ValueBounds {
  const current = incident.advice?.limit ?? incident.limit
  // No limit at all leaves nothing to raise.
  return { current, min: current === 0 ? limitMax + 1 : (current ?? 0) + 1, max: limitMax }
}

/** Asks for another value than the suggested one; the answer makes a plan, and changes nothing yet. */
export function otherValueModal(subject: AlertSubject, metadata: string): ModalView {
  const { incident } = subject
  const bounds = valueBounds(subject)
  const suggested = incident.advice?.diagnosis.suggestedValue
  const fits = suggested !== undefined && suggested >= bounds.min && suggested <= bounds.max
  return {
    type: 'modal',
    callback_id: otherValueCallback,
    private_metadata: metadata,
    title: plainText('Another value', 24),
    submit: plainText('Make a plan', 24),
    close: plainText('Cancel', 24),
    blocks: [
      ...blocksOf(
        {
          summary: [],
          pieces: [
            text(
              given(incident.service, 40),
              said(' on '),
              code(incident.host, 80),
              said(` allows ${limitText(bounds.current)} connections per user and address.`),
            ),
          ],
        },
        'surface',
      ),
      {
        type: 'input',
        block_id: otherValueBlock,
        label: plainText('New limit', 100),
        hint: plainText(`A whole number from ${bounds.min} to ${bounds.max}.`, 150),
        element: {
          type: 'number_input',
          action_id: otherValueAction,
          is_decimal_allowed: false,
          min_value: String(bounds.min),
          max_value: String(bounds.max),
          ...(fits ? { initial_value: String(suggested) } : {}),
        },
      },
      ...blocksOf(
        {
          summary: [],
          pieces: [
            small(said('This makes a plan on the alert. Nothing changes before it is approved there.')),
          ],
        },
        'surface',
      ),
    ],
  }
}
