import { readEnvironment } from '../config/read-environment.ts'
import type { Problem, Settings } from '../config/settings.ts'
import { openMailHosts } from '../hosts/open-mail-hosts.ts'
import { systemClock } from '../lib/clock.ts'
import { scrubber } from '../lib/scrub.ts'
import { checkHost } from './check-host.ts'
import { type CheckedSection, printSections, type ReportOutput, type Section } from './check-report.ts'
import { checkSlack } from './check-slack.ts'
import { checkState } from './check-state.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { EXIT } from './exit-code.ts'

/** Looks at everything that the bot needs and says what to mend. Changes nothing, neither here nor on a host. */
export async function doctor(options: { readonly json?: boolean } = {}): Promise<number> {
  const environment = readEnvironment(process.env)
  if (environment.kind === 'invalid') {
    const checks = environment.problems.map(problemCheck)
    const out = output(options, [])
    const sections = await printSections([{ title: 'Settings', findings: checks }], out, systemClock)
    return conclude(sections, EXIT.invalidConfiguration, out)
  }
  const { settings } = environment
  const out = output(options, [settings.slack.botToken, settings.slack.appToken])
  const { ssh, mailHosts } = settings
  const hosts = openMailHosts(
    { mailHosts, configFile: ssh.config, knownHostsFile: ssh.knownHosts, keyFile: ssh.key },
    systemClock,
  )
  try {
    const sections: Section[] = [
      { title: 'Settings', findings: settingsChecks(settings) },
      { title: 'State', findings: checkState(settings.stateDb) },
      { title: 'Slack', findings: checkSlack(settings.slack) },
      ...hosts.map((host, index) => ({
        title: `Mail host ${host.name}`,
        findings: checkHost(host, mailHosts[index] ?? host.name, settings),
      })),
    ]
    const checked = await printSections(sections, out, systemClock)
    const failed = checked.some(({ checks }) => checks.some(({ state }) => state === 'fail'))
    return conclude(checked, failed ? EXIT.checkFailed : EXIT.ok, out)
  } finally {
    await Promise.all(hosts.map((host) => host.close()))
  }
}

function problemCheck({ variable, what, remedy }: Problem): Check {
  return fail(`${variable}: ${what}`, remedy)
}

function* settingsChecks(settings: Settings): Generator<Check, void, void> {
  const { slack, mailHosts, approvalsRequired, http } = settings
  const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`
  yield ok(
    `every setting is valid: ${count(mailHosts.length, 'mail host')}, channel ${slack.channel}, ${count(slack.approvers.length, 'id')} in SLACK_APPROVERS`,
  )
  if (slack.apiUrl !== undefined) {
    yield warn(`SLACK_API_URL is ${slack.apiUrl}: tokens and messages go there, not to Slack`)
  }
  if (approvalsRequired > 1) yield ok(`${approvalsRequired} distinct people have to approve a change`)
  if (!/^(127\.|::1$|localhost$)/.test(http.host)) {
    yield warn(
      `metrics and health are served on ${http.host}:${http.port} without a password`,
      'Keep HTTP_HOST on loopback, or let a firewall decide who may read them.',
    )
  }
}

type Output = ReportOutput & { readonly json: ((report: object) => void) | undefined }

/** With --json everything but the progress waits for the end. No secret passes, whichever text it hides in. */
function output(options: { readonly json?: boolean }, secrets: readonly string[]): Output {
  const scrub = scrubber(secrets)
  const print = (text: string) => process.stdout.write(`${scrub(text)}\n`)
  const asJson = options.json === true
  return {
    print: asJson ? () => {} : print,
    progress: (line) => process.stderr.write(`${scrub(line)}\n`),
    json: asJson ? (report) => print(JSON.stringify(report, null, 2)) : undefined,
  }
}

function conclude(sections: readonly CheckedSection[], exitCode: number, out: Output): number {
  const all = sections.flatMap(({ checks }) => checks)
  const count = (state: Check['state']) => all.filter((check) => check.state === state).length
  const summary = { ok: count('ok'), warn: count('warn'), fail: count('fail') }
  out.json?.({ exitCode, summary, sections })
  const verdict =
    exitCode === EXIT.ok
      ? 'The bot can run.'
      : exitCode === EXIT.invalidConfiguration
        ? 'The settings must be mended first; .env.example explains each. Nothing else was looked at.'
        : 'Mend what stands at FAIL, then run doctor again.'
  out.print(`${summary.ok} ok, ${summary.warn} to look at, ${summary.fail} failed. ${verdict}`)
  return exitCode
}
