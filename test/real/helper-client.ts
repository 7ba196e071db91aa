import { installHelper } from '../../dev/mailhost/install-helper.ts'
import type { InstalledHelper } from '../../dev/mailhost/install-helper.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { sshQuestions } from './ssh-questions.ts'

/** One answer of the helper: its records as fields, as they stand, and its last line. */
export type HelperAnswer = {
  readonly records: readonly (readonly string[])[]
  /** `ok plan`, `refused digest` …; empty when the answer had no end. */
  readonly end: string
  readonly text: string
}

export type HelperClient = {
  readonly helper: InstalledHelper
  /** Sends one request line, as it is given, through the forced command. */
  readonly ask: (request: string) => Promise<HelperAnswer>
  /** `plan`, then `apply` with its digest, as the bot does. The job behind the answer has ended, its last tidying included. */
  readonly raise: (id: string, value: number, more?: RaiseOptions) => Promise<HelperAnswer>
  readonly rollBack: (id: string, of: string) => Promise<HelperAnswer>
  readonly digest: (plan: string) => Promise<string>
  /** Drops the connection, and whatever is still waiting on it. */
  readonly disconnect: () => void
}

export type RaiseOptions = { readonly service?: string; readonly client?: string }

/** Installs the helper and talks with it as the bot's account over ssh: never as root, always through the forced command. */
export async function connectHelper(host: MailHost): Promise<HelperClient> {
  const helper = await installHelper(host)
  // One connection for all requests, as the bot has it.
  const questions = sshQuestions(host, helper)

  async function ask(request: string): Promise<HelperAnswer> {
    return readAnswer(await questions.ask(`${request}\n`))
  }

  async function digest(plan: string): Promise<string> {
    const answer = await ask(`maillimit/1 plan ${plan}`)
    const found = field(answer, 'plan', 7)
    if (found === undefined) throw new Error(`no plan for ${plan}:\n${answer.text}`)
    return found
  }

  async function raise(id: string, value: number, more: RaiseOptions = {}): Promise<HelperAnswer> {
    const client = more.client === undefined ? '' : ` client=${more.client}`
    const wanted = `service=${more.service ?? 'imap'} value=${value}${client}`
    return change(id, `apply id=${id} ${wanted} digest=${await digest(wanted)} ${approval()}`)
  }

  async function rollBack(id: string, of: string): Promise<HelperAnswer> {
    return change(id, `rollback id=${id} of=${of} digest=${await digest(`of=${of}`)} ${approval()}`)
  }

  async function change(id: string, request: string): Promise<HelperAnswer> {
    const answer = await ask(`maillimit/1 ${request}`)
    const alive = `/var/lib/maillimit/records/${id}/alive`
    await host.run(['sh', '-c', `[ ! -e ${alive} ] || flock -w 20 ${alive} true`])
    return answer
  }

  return { helper, ask, raise, rollBack, digest, disconnect: questions.disconnect }
}

/** Who approved, and until when. */
export function approval(seconds = 600): string {
  return `actor=U0TEST expires=${Math.floor(Date.now() / 1000) + seconds}`
}

/** No waiting between changes: what the host enforces has a test of its own. */
export const NO_RATES = 'changes_an_hour = 999\nseconds_between_raises = 0\n'

export function readAnswer(text: string): HelperAnswer {
  const lines = text.split('\n').slice(0, -1)
  const end = lines.at(-1)?.split('\t') ?? []
  return {
    records: lines.slice(0, -1).map((line) => line.split('\t')),
    end: end[0] === 'end' ? end.slice(1).join(' ') : '',
    text,
  }
}

/** A field of the first record of that name. */
export function field(answer: HelperAnswer, record: string, index: number): string | undefined {
  return answer.records.find(([name]) => name === record)?.[index]
}

/** The steps of a transcript that were taken: `check ok`, `heal skipped` … */
export function steps(answer: HelperAnswer): readonly string[] {
  return answer.records.filter(([name]) => name === 'step').map(([, name, state]) => `${name} ${state}`)
}

/** The changed lines, as `-text` and `+text`. */
export function changedLines(answer: HelperAnswer): readonly string[] {
  return answer.records
    .filter(([name]) => name === 'diff')
    .map(([, , , sign, ...text]) => `${sign}${text.join('\t')}`)
}

/** The refusal that explains: code, file, line. */
export function refusal(answer: HelperAnswer): readonly (string | undefined)[] {
  const found = answer.records.findLast(([name, level]) => name === 'warn' && level === 'refusal')
  return found?.slice(2, 5) ?? []
}
