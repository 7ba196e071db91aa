import { inWords } from '../block.ts'

/** What is wrong with one place of a payload, in the shape of Slack's `blocks.validate`. */
export type Problem = {
  readonly code: 'failed_constraint' | 'missing_field' | 'unknown_field' | 'invalid_type'
  readonly message: string
  readonly field: string
  /** JSON pointer to the place. */
  readonly pointer: string
  readonly constraint?: Readonly<Record<string, unknown>>
}

export type Surface = 'message' | 'modal' | 'home'

export type Context = { readonly surface: Surface; readonly problems: Problem[] }

/** Looks at a value and adds what is wrong with it to the context. */
export type Check = (value: unknown, pointer: string, context: Context) => void

export function fail(
  context: Context,
  pointer: string,
  message: string,
  code: Problem['code'] = 'failed_constraint',
  constraint?: Problem['constraint'],
): void {
  const field = pointer.slice(pointer.lastIndexOf('/') + 1)
  context.problems.push({
    code,
    message,
    field,
    pointer,
    ...(constraint === undefined ? {} : { constraint }),
  })
}

export function text(
  limits: { readonly max?: number; readonly min?: number; readonly pattern?: RegExp } = {},
): Check {
  const { max, min = 0, pattern } = limits
  return (value, pointer, context) => {
    if (typeof value !== 'string') {
      fail(context, pointer, 'must provide a string', 'invalid_type', { type: 'string' })
    } else if (value.length < min) {
      fail(context, pointer, `must be more than ${min - 1} characters`, undefined, {
        type: 'min_length',
        min,
      })
    } else if (max !== undefined && value.length > max) {
      fail(context, pointer, `must be less than ${max + 1} characters`, undefined, {
        type: 'max_length',
        max,
      })
    } else if (pattern !== undefined && !pattern.test(value)) {
      fail(context, pointer, 'invalid format', undefined, { type: 'pattern', expected: [pattern.source] })
    }
  }
}

export const bool: Check = (value, pointer, context) => {
  if (typeof value !== 'boolean') {
    fail(context, pointer, 'must provide a boolean', 'invalid_type', { type: 'boolean' })
  }
}

export function number(min: number, max: number): Check {
  return (value, pointer, context) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      fail(context, pointer, 'must provide a number', 'invalid_type', { type: 'number' })
    } else if (value < min || value > max) {
      fail(context, pointer, `must be between ${min} and ${max}`, undefined, { type: 'range', min, max })
    }
  }
}

export function oneOf(...expected: readonly (string | number)[]): Check {
  return (value, pointer, context) => {
    if (!expected.includes(value as string)) {
      fail(context, pointer, `value must be one of ${expected.join(', ')}`, undefined, {
        type: 'enum',
        expected,
      })
    }
  }
}

export function list(item: Check, limits: { readonly max?: number; readonly min?: number } = {}): Check {
  const { max = Number.POSITIVE_INFINITY, min = 1 } = limits
  return (value, pointer, context) => {
    if (!Array.isArray(value)) {
      fail(context, pointer, 'must provide an array', 'invalid_type', { type: 'array' })
      return
    }
    if (value.length < min) {
      fail(context, pointer, `no less than ${min} items allowed`, undefined, { type: 'min_items', min })
    }
    if (value.length > max) {
      fail(context, pointer, `no more than ${max} items allowed`, undefined, { type: 'max_items', max })
    }
    for (const [index, entry] of value.entries()) item(entry, `${pointer}/${index}`, context)
  }
}

export type Fields = Readonly<Record<string, Check>>

/** An object with exactly these fields; a name that ends in `?` may be left out. Then the rules that span fields. */
export function object(fields: Fields, ...rules: readonly Rule[]): Check {
  const optional = new Map<string, boolean>()
  const checks = new Map<string, Check>()
  for (const [name, check] of Object.entries(fields)) {
    const bare = name.replace(/\?$/, '')
    optional.set(bare, bare !== name)
    checks.set(bare, check)
  }
  return (value, pointer, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      fail(context, pointer, 'must provide an object', 'invalid_type', { type: 'object' })
      return
    }
    const given = value as Readonly<Record<string, unknown>>
    for (const name of Object.keys(given)) {
      if (!checks.has(name)) {
        fail(context, `${pointer}/${name}`, `invalid additional property: ${name}`, 'unknown_field')
      }
    }
    for (const [name, check] of checks) {
      if (given[name] !== undefined) check(given[name], `${pointer}/${name}`, context)
      else if (optional.get(name) !== true) {
        fail(context, `${pointer}/${name}`, `missing required field: ${name}`, 'missing_field')
      }
    }
    for (const rule of rules) rule(given, pointer, context)
  }
}

/** A rule over several fields of an object. */
export type Rule = (given: Readonly<Record<string, unknown>>, pointer: string, context: Context) => void

/** Chooses the check by the object's `type`. */
export function byType(checks: () => Readonly<Record<string, Check>>): Check {
  return (value, pointer, context) => {
    const known = checks()
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      fail(context, pointer, 'must provide an object', 'invalid_type', { type: 'object' })
      return
    }
    const { type } = value as { readonly type?: unknown }
    if (type === undefined) {
      fail(context, `${pointer}/type`, 'missing required field: type', 'missing_field')
      return
    }
    const check = typeof type === 'string' && Object.hasOwn(known, type) ? known[type] : undefined
    if (check === undefined) {
      const constraint = { type: 'enum', expected: Object.keys(known), got: inWords(type) }
      fail(context, `${pointer}/type`, `unsupported type: ${inWords(type)}`, undefined, constraint)
      return
    }
    check(value, pointer, context)
  }
}

/** The value needs a check of its own that this file has no word for. */
export const anything: Check = () => {}

/** Two entries of a list may not have the same `name`. */
export function unique(value: unknown, name: string, pointer: string, context: Context): void {
  if (!Array.isArray(value)) return
  const seen = new Set<unknown>()
  for (const [index, entry] of value.entries()) {
    const id = (entry as Readonly<Record<string, unknown>> | null)?.[name]
    if (id !== undefined && seen.has(id)) {
      fail(context, `${pointer}/${index}/${name}`, `\`${name}\` "${inWords(id)}" already exists`, undefined, {
        type: 'unique',
      })
    }
    seen.add(id)
  }
}
