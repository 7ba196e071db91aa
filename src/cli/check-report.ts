import { visibleText } from '../dovecot/visible-text.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { Check, Finding } from './check.ts'

export type Section = {
  readonly title: string
  readonly findings: AsyncIterable<Finding> | Iterable<Finding>
}

export type CheckedSection = { readonly title: string; readonly checks: readonly Check[] }

export type ReportOutput = {
  /** A line of the report, without its newline. */
  readonly print: (line: string) => void
  /** What is being waited for, after a while of silence. */
  readonly progress: (line: string) => void
}

/** Silence of this length is explained. */
const PATIENCE_MS = 2_000

const WORDS = { ok: 'ok   ', warn: 'warn ', fail: 'FAIL ' } as const

/** Works on all sections at once and prints them in their order, each line as soon as it is known and its turn has come. */
export async function printSections(
  sections: readonly Section[],
  out: ReportOutput,
  clock: Clock,
): Promise<readonly CheckedSection[]> {
  const works = sections.map(begin)
  const checked: CheckedSection[] = []
  for (const work of works) {
    out.print(work.title)
    const checks: Check[] = []
    for (let at = 0; ; ) {
      for (; at < work.found.length; at++) {
        const finding = work.found[at] as Finding
        if (finding.state === 'doing') continue
        checks.push(finding)
        for (const line of linesOf(finding)) out.print(line)
      }
      if (work.over) break
      await patiently(work, out, clock)
    }
    if (work.fault !== undefined) throw work.fault
    out.print('')
    checked.push({ title: work.title, checks })
  }
  return checked
}

/** Names that Slack or a host gave may hold anything: a check stays one line, and a terminal obeys none of it. */
export function linesOf({ state, what, remedy }: Check): readonly string[] {
  return [`  ${WORDS[state]}${visibleText(what)}`, ...remedy.map((line) => `         ${visibleText(line)}`)]
}

type Work = {
  readonly title: string
  readonly found: Finding[]
  over: boolean
  fault: unknown
  /** Resolves at the next finding, or at the end. */
  news: PromiseWithResolvers<void>
}

function begin({ title, findings }: Section): Work {
  const work: Work = { title, found: [], over: false, fault: undefined, news: Promise.withResolvers() }
  const tell = () => {
    work.news.resolve()
    work.news = Promise.withResolvers()
  }
  const collect = async () => {
    try {
      for await (const finding of findings) {
        work.found.push(finding)
        tell()
      }
    } catch (error) {
      work.fault = error
    }
    work.over = true
    tell()
  }
  void collect()
  return work
}

/** Waits for news; every two seconds without any, says what is under way. */
async function patiently(work: Work, out: ReportOutput, clock: Clock): Promise<void> {
  const heard = new AbortController()
  const news = work.news.promise.then(() => heard.abort(new Error('news')))
  const last = work.found.at(-1)
  const what = last?.state === 'doing' ? last.what : 'still at it'
  for (let waitedMs = PATIENCE_MS; !heard.signal.aborted; waitedMs += PATIENCE_MS) {
    try {
      await sleep(clock, PATIENCE_MS, heard.signal)
      out.progress(`  …    ${what} (${waitedMs / 1000} s)`)
    } catch {
      break
    }
  }
  await news
}
