import { readEnvironment } from '../config/read-environment.ts'
import type { Problem, Settings } from '../config/settings.ts'

/** The settings, or undefined after every problem was written to standard error. */
export function loadSettings(): Settings | undefined {
  const result = readEnvironment(process.env)
  if (result.kind === 'settings') return result.settings
  process.stderr.write(problemsText(result.problems))
  return undefined
}

export function problemsText(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  const lines = problems.map(({ variable, what, remedy }) => `  ${variable}: ${what}\n    ${remedy}\n`)
  return `maillimit: ${count} with the settings\n${lines.join('')}\n.env.example explains every setting. Nothing was started.\n`
}
