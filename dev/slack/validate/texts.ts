import { bool, byType, type Check, list, object, oneOf, type Rule, text, fail } from './schema.ts'

export function plainText(max = 3000): Check {
  return byType(() => ({
    plain_text: object({ type: oneOf('plain_text'), text: text({ min: 1, max }), 'emoji?': bool }),
  }))
}

export function mrkdwn(max = 3000): Check {
  return byType(() => ({
    mrkdwn: object({ type: oneOf('mrkdwn'), text: text({ min: 1, max }), 'verbatim?': bool }),
  }))
}

export function anyText(max = 3000): Check {
  return byType(() => ({ plain_text: plainText(max), mrkdwn: mrkdwn(max) }))
}

export const url: Check = text({ min: 1, max: 3000, pattern: /^(?:https?|mailto|slack):/i })

/** A native question before the action is sent. */
export const confirm: Check = object({
  'title?': plainText(100),
  text: anyText(300),
  'confirm?': plainText(30),
  'deny?': plainText(30),
  'style?': oneOf('primary', 'danger'),
})

/** An entry of a menu; radio buttons and checkboxes may use mrkdwn, only an overflow menu may have links. */
export function option(kind: 'plain' | 'rich' | 'overflow'): Check {
  const words = kind === 'rich' ? anyText(75) : plainText(75)
  const link = kind === 'overflow' ? { 'url?': url } : {}
  return object({
    text: words,
    value: text({ min: 1, max: 150 }),
    'description?': kind === 'rich' ? anyText(75) : plainText(75),
    ...link,
  })
}

export const optionGroup: Check = object({
  label: plainText(75),
  options: list(option('plain'), { max: 100 }),
})

/** Exactly one of the two fields. */
export function either(one: string, other: string): Rule {
  return (given, pointer, context) => {
    const has = [one, other].filter((name) => given[name] !== undefined).length
    if (has === 1) return
    const message =
      has === 0 ? `missing required field: ${one} or ${other}` : `only one of ${one} and ${other} is allowed`
    fail(context, `${pointer}/${one}`, message, has === 0 ? 'missing_field' : 'failed_constraint')
  }
}
