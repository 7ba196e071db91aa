import { withEmoji } from './emoji.js'
import { mrkdwn } from './mrkdwn.js'

/** @import { Child, Json } from './dom.js' */

/**
 * A text object, as an element or a string.
 * @param {Json} text
 * @param {Json} names
 * @returns {Child}
 */
export function textObject(text, names) {
  if (text['type'] === 'mrkdwn') return mrkdwn(text['text'], names, { verbatim: text['verbatim'] === true })
  return plain(text)
}

/**
 * The words of a plain_text object.
 * @param {Json | undefined | null} text
 * @returns {string}
 */
export function plain(text) {
  if (text === undefined || text === null) return ''
  return text['emoji'] === false ? text['text'] : withEmoji(text['text'])
}
