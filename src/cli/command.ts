import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { isOpsError } from '../lib/errors.ts'
import { EXIT } from './exit-code.ts'
import { printFault } from './print-fault.ts'

const EPILOGUE = `
Settings come from the environment and from .env; .env.example explains each.
Exit codes: 0 ok, 1 fault, 2 usage, 3 invalid configuration, 4 a host or Slack check failed.`

/** Parses the arguments and runs one command; resolves with the exit code. Nothing on the command line means `run`. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok
  const program = createProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv.length === 0 ? ['run'] : [...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!isOpsError(error)) throw error
    printFault(error)
    return error.code === 'mail-host-name' ? EXIT.invalidConfiguration : EXIT.fault
  }
}

function createProgram(exitWith: (code: number) => void): Command {
  const program = new Command('maillimit')
    .description(
      'Watches Dovecot for users who are cut off at their connection limit, and raises the limit on a click in Slack.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [COMMAND]', 'print this help, or that of a command')
    .showHelpAfterError('(maillimit --help lists the commands)')
    .addHelpText('after', EPILOGUE)
    .exitOverride()

  program
    .command('run')
    .description('run the bot (the default)')
    .action(async () => exitWith(await (await import('./run.ts')).run()))

  program
    .command('doctor')
    .description('check the settings, Slack and every mail host, and say what to mend')
    .option('--json', 'print one JSON object at the end instead of lines')
    .action(async (options: { readonly json?: true }) =>
      exitWith(await (await import('./doctor.ts')).doctor(options)),
    )

  program
    .command('report')
    .description('summarize the limit hits in mail log files; - reads standard input')
    .argument('<FILE...>', 'log files, also .gz and .zst')
    .option('--json', 'print JSON instead of a table')
    .action(async (files: string[], options: { readonly json?: true }) => {
      const { reportCommand } = await import('./report.ts')
      const args = options.json === true ? ['--json', ...files] : files
      exitWith(await reportCommand(args, process))
    })

  const host = program.command('host').description('look after mail hosts').helpCommand(false)
  host
    .command('install')
    .description(
      'install or update the helper on a mail host, over your own ssh (you need root or sudo there)',
    )
    .argument('<HOST>', 'an ssh_config alias or user@host, as you would give it to ssh')
    .option('--key <FILE>', "the bot's public key (default: SSH_KEY with .pub)")
    .option('--remove', 'take the helper away again')
    .action(async (name: string, options: { readonly key?: string; readonly remove?: true }) =>
      exitWith(await (await import('./host-install.ts')).hostInstall(name, options)),
    )
  return program
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
