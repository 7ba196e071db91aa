import { startWorkspace } from './workspace.ts'

/** `node dev/slack/cli.ts [PORT]`: a local workspace until Ctrl-C. */
const [word = '4747'] = process.argv.slice(2)
if (!/^\d{1,5}$/.test(word)) {
  process.stderr.write(
    'npm run slack -- [PORT]: a local workspace on loopback, 4747 unless said otherwise, until Ctrl-C\n',
  )
  process.exit(word === '--help' ? 0 : 2)
}
const port = Number(word)
const slack = await startWorkspace({ port }).catch((error: NodeJS.ErrnoException) => {
  const isTaken = error.code === 'EADDRINUSE'
  const why = isTaken ? `port ${port} is taken: node dev/slack/cli.ts OTHER_PORT` : error.message
  process.stderr.write(`The local workspace did not start: ${why}\n`)
  process.exit(1)
})
process.stdout.write(`The local Slack workspace: ${slack.url}\n\nSettings for maillimit:\n`)
for (const [name, value] of Object.entries(slack.environment)) process.stdout.write(`  ${name}=${value}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void slack.close())
