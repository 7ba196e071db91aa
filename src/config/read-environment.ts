import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { parseSettings, type Problem, type SettingsResult, VARIABLES } from './settings.ts'

export type Variables = {
  readonly values: Readonly<Record<string, string | undefined>>
  readonly problems: readonly Problem[]
}

/** The settings, or all that is wrong with them. */
export function readEnvironment(
  processEnvironment: Readonly<Record<string, string | undefined>>,
  dotEnvPath = '.env',
): SettingsResult {
  const { values, problems } = readVariables(processEnvironment, dotEnvPath)
  const result = parseSettings(values)
  if (problems.length === 0) return result
  const named = new Set(
    problems.flatMap((problem) => [problem.variable, problem.variable.replace(/_FILE$/, '')]),
  )
  const others =
    result.kind === 'invalid' ? result.problems.filter((problem) => !named.has(problem.variable)) : []
  return { kind: 'invalid', problems: [...problems, ...others] }
}

/**
 * The environment, completed by `.env` (which never overrides it) and by `NAME_FILE` for each variable (a file that holds the value, as Docker
 * and Kubernetes mount secrets). Giving both a variable and its `_FILE` is an error.
 */
export function readVariables(
  processEnvironment: Readonly<Record<string, string | undefined>>,
  dotEnvPath = '.env',
): Variables {
  const problems: Problem[] = []
  const environment = { ...readDotEnv(dotEnvPath, problems), ...withoutEmpty(processEnvironment) }
  const values: Record<string, string | undefined> = {}
  for (const name of VARIABLES) {
    const fileName = `${name}_FILE`
    const path = environment[fileName]
    values[name] = environment[name]
    if (path === undefined) continue
    if (environment[name] !== undefined) {
      problems.push({
        variable: name,
        what: `given twice, as ${name} and as ${fileName}`,
        remedy: `Remove one of the two.`,
      })
      continue
    }
    try {
      values[name] = readFileSync(path, 'utf8').trim()
    } catch (error) {
      problems.push({
        variable: fileName,
        what: `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
        remedy: 'Name a file that the account of the bot can read.',
      })
    }
  }
  return { values, problems }
}

function readDotEnv(path: string, problems: Problem[]): Record<string, string | undefined> {
  try {
    return withoutEmpty(parseEnv(readFileSync(path, 'utf8')))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') {
      problems.push({
        variable: path,
        what: `cannot be read: ${code ?? String(error)}`,
        remedy: 'Make it readable for the account of the bot, or remove it.',
      })
    }
    return {}
  }
}

function withoutEmpty(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  )
}
