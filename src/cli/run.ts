import { flushCompileCache } from 'node:module'
import { composeBot } from '../app/compose.ts'
import { systemClock } from '../lib/clock.ts'
import { isOpsError } from '../lib/errors.ts'
import { createLog } from './create-log.ts'
import { EXIT } from './exit-code.ts'
import { loadSettings } from './load-settings.ts'
import { printFault } from './print-fault.ts'

/** Runs the bot until a signal asks it to stop, or until something that only a person can mend. */
export async function run(): Promise<number> {
  const settings = loadSettings()
  if (settings === undefined) return EXIT.invalidConfiguration
  const log = createLog(settings.logLevel, [settings.slack.botToken, settings.slack.appToken])
  const stopAsked = stopSignal()
  const bot = composeBot(settings, { clock: systemClock, log })
  let code: number = EXIT.ok
  try {
    const started = bot.start().then(() => {
      log.info({ hosts: settings.mailHosts, channel: settings.slack.channel }, 'ready')
      // Node itself writes it at the end only, and a bot that was killed is to come back as fast.
      flushCompileCache()
    })
    // Whoever asks for a stop need not wait for a start that hangs.
    const lives = Promise.race([started.then(() => bot.failed), bot.failed])
    const signal = await Promise.race([stopAsked, lives])
    log.info({ signal }, 'stopping')
  } catch (error) {
    code = isOpsError(error) && error.code.startsWith('slack') ? EXIT.checkFailed : EXIT.fault
    const ops = isOpsError(error) ? { code: error.code, hint: error.hint } : {}
    log.error({ ...ops, err: error }, 'stopping because of a fault')
    if (isOpsError(error)) printFault(error)
  }
  await bot.stop()
  log.info({}, 'stopped')
  // Bolt keeps timers of its own for up to half a minute; everything that matters is closed by now.
  return exitSoon(code)
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (asked) process.exit(EXIT.fault)
        asked = true
        resolve(name)
      })
    }
  })
}

function exitSoon(code: number): number {
  process.exitCode = code
  process.stdout.write('', () => process.exit(code))
  return code
}
