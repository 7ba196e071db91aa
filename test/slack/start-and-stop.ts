import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createSlackApp, type SlackSettings } from '../../src/slack/app.ts'
import { deskInMemory } from './desk-in-memory.ts'

/** A program of its own: starts the app, stops it, and must then end by itself, since nothing is left to wait for. */
const settings = JSON.parse(process.argv[2] ?? '{}') as SlackSettings
const app = createSlackApp({ ...settings, proxyUrl: undefined, apiUrl: settings.apiUrl }, deskInMemory(), {
  clock: systemClock,
  log: silentLog,
})
await app.start()
await app.stop()
await app.close()
process.stdout.write('stopped')
