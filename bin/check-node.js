// npm scripts find the Node of the devDependencies first; this says so when that is not the case.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 && !(major === 22 && minor >= 18)) {
  console.error(
    `maillimit: Node ${process.versions.node} cannot run TypeScript by itself; 22.18 or later is needed. ` +
      'Run "npm ci" (it installs a Node for this folder), then "npm start" for the bot, or ' +
      '"npx node bin/maillimit.js COMMAND" for everything else.',
  )
  process.exit(1)
}
