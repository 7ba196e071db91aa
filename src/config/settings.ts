import { z } from 'zod'
import { parseDuration } from './duration.ts'

/** One thing that is wrong with the environment: which variable, what, and what to do. */
export type Problem = { readonly variable: string; readonly what: string; readonly remedy: string }

/** Everything that the bot can be told. Secrets are in here: never log the whole. */
export type Settings = z.output<typeof schema>

export type SettingsResult =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** A zod message is `what is wrong | what to do`. */
function text(pattern: RegExp, message: string) {
  return z.string({ error: message }).regex(pattern, message)
}

function duration(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((value, context) => {
      const parsed = parseDuration(value)
      if (parsed !== undefined) return parsed
      context.addIssue(`"${value}" is no duration | Write a number and s, m, h or d, such as ${fallback}.`)
      return z.NEVER
    })
}

function wholeNumber(fallback: number, least: number, most: number) {
  return z
    .string()
    .default(String(fallback))
    .transform((value, context) => {
      const parsed = /^[0-9]{1,10}$/.test(value) ? Number(value) : Number.NaN
      if (parsed >= least && parsed <= most) return parsed
      context.addIssue(
        `"${value}" is not a whole number from ${least} to ${most} | Leave it out for ${fallback}.`,
      )
      return z.NEVER
    })
}

const list = (value: string) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const approvers = z
  .string()
  .default('')
  .transform((value, context) => {
    const ids = list(value)
    const wrong = ids.filter((id) => !/^[UWS][A-Z0-9]{2,20}$/.test(id))
    if (wrong.length === 0) return ids
    context.addIssue(
      `${wrong.map((id) => `"${id}"`).join(', ')} is no Slack id | List user ids (U…) and user-group ids (S…), comma-separated. ` +
        'In Slack: the profile, ⋮, Copy member ID.',
    )
    return z.NEVER
  })

const HOST =
  /^(local|[A-Za-z0-9][A-Za-z0-9._-]{0,62}|[A-Za-z0-9._-]{1,32}@(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9][A-Za-z0-9.-]{0,252})(:[0-9]{1,5})?)$/

const mailHosts = z
  .string({
    error:
      'missing | List ssh_config aliases, user@host:port, or local; comma-separated, such as MAIL_HOSTS=mx1,mx2.',
  })
  .transform((value, context) => {
    const hosts = list(value)
    if (hosts.length === 0) {
      context.addIssue('empty | List at least one mail host, such as MAIL_HOSTS=mx1.')
      return z.NEVER
    }
    const wrong = hosts.filter((host) => !HOST.test(host))
    if (wrong.length > 0) {
      context.addIssue(
        `${wrong.map((host) => `"${host}"`).join(', ')} is no host | Use an ssh_config alias, user@host:port, or local.`,
      )
    }
    const twice = hosts.find((host, index) => hosts.indexOf(host) !== index)
    if (twice !== undefined) context.addIssue(`"${twice}" is listed twice | List each mail host once.`)
    return hosts
  })

const apiUrl = z
  .string()
  .optional()
  .transform((value, context) => {
    if (value === undefined) return undefined
    const url = URL.canParse(value) ? new URL(value) : undefined
    if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
      return value.endsWith('/') ? value : `${value}/`
    }
    context.addIssue(
      `"${value}" is not a URL that tokens may be sent to | Use https; plain http only on loopback, such as http://127.0.0.1:3000/api/.`,
    )
    return z.NEVER
  })

const schema = z
  .object({
    SLACK_BOT_TOKEN: text(
      /^xoxb-\S+$/,
      'missing or not a bot token | Copy the Bot User OAuth Token (xoxb-…) from the page OAuth & Permissions of your Slack app.',
    ),
    SLACK_APP_TOKEN: text(
      /^xapp-\S+$/,
      'missing or not an app-level token | Make one (xapp-…) with the scope connections:write on the page Basic Information of your Slack app.',
    ),
    SLACK_CHANNEL: text(
      /^[CG][A-Z0-9]{2,20}$/,
      'missing or not a channel id | Copy the id (C…) from the bottom of the channel’s details in Slack; a name does not do.',
    ),
    SLACK_APPROVERS: approvers,
    SLACK_API_URL: apiUrl,
    MAIL_HOSTS: mailHosts,
    SSH_CONFIG: z.string().optional(),
    SSH_KNOWN_HOSTS: z.string().optional(),
    SSH_KEY: z.string().optional(),
    LIMIT_MAX: wholeNumber(100, 1, 4_294_967_295),
    APPROVALS_REQUIRED: wholeNumber(1, 1, 10),
    APPROVAL_TTL: duration('30m'),
    QUIET_AFTER: duration('30m'),
    VERIFY_FOR: duration('10m'),
    RETENTION: duration('90d'),
    STATE_DB: z.string().default('./data/maillimit.db'),
    HTTP_HOST: z.string().default('127.0.0.1'),
    HTTP_PORT: wholeNumber(9464, 0, 65_535),
    HTTPS_PROXY: z.string().optional(),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        error: 'not a level | Use trace, debug, info, warn, error, fatal or silent.',
      })
      .default('info'),
  })
  .superRefine((env, context) => {
    const { SLACK_APPROVERS: ids, APPROVALS_REQUIRED: required } = env
    // How many people a user group (S…) has is not known here.
    if (ids.length === 0 || ids.length >= required || ids.some((id) => id.startsWith('S'))) return
    context.addIssue({
      code: 'custom',
      path: ['APPROVALS_REQUIRED'],
      message:
        `${required} approvals can never be had from the ${ids.length} of SLACK_APPROVERS | ` +
        'List more people or a user group in SLACK_APPROVERS, or require fewer approvals.',
    })
  })
  .transform((env) => ({
    slack: {
      botToken: env.SLACK_BOT_TOKEN,
      appToken: env.SLACK_APP_TOKEN,
      channel: env.SLACK_CHANNEL,
      approvers: env.SLACK_APPROVERS,
      apiUrl: env.SLACK_API_URL,
      proxy: env.HTTPS_PROXY,
    },
    mailHosts: env.MAIL_HOSTS,
    ssh: { config: env.SSH_CONFIG, knownHosts: env.SSH_KNOWN_HOSTS, key: env.SSH_KEY },
    limitMax: env.LIMIT_MAX,
    approvalsRequired: env.APPROVALS_REQUIRED,
    approvalTtlMs: env.APPROVAL_TTL,
    quietAfterMs: env.QUIET_AFTER,
    verifyForMs: env.VERIFY_FOR,
    retentionMs: env.RETENTION,
    stateDb: env.STATE_DB,
    http: { host: env.HTTP_HOST, port: env.HTTP_PORT },
    logLevel: env.LOG_LEVEL,
  }))

/** The names of all variables, secrets or not. */
export const VARIABLES = Object.keys(schema.in.shape) as ReadonlyArray<keyof z.input<typeof schema>>

/** Judges a whole environment at once, so that an administrator mends everything in one go. An empty value counts as absent. */
export function parseSettings(environment: Readonly<Record<string, string | undefined>>): SettingsResult {
  const present = Object.fromEntries(
    VARIABLES.map((name) => [name, environment[name]] as const).filter(
      ([, value]) => value !== undefined && value.trim() !== '',
    ),
  )
  const result = schema.safeParse(present)
  if (result.success) return { kind: 'settings', settings: result.data }
  return { kind: 'invalid', problems: result.error.issues.map(problemOf) }
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const [what = issue.message, remedy = ''] = issue.message.split(' | ')
  return { variable: String(issue.path[0] ?? 'environment'), what, remedy }
}
