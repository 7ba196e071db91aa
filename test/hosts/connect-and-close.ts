import { systemClock } from '../../src/lib/clock.ts'
import { openMailHosts } from '../../src/hosts/open-mail-hosts.ts'

/** A process of its own: opens the mail hosts that its arguments name, asks each, closes them, and then has to end by itself. */
const [configFile, ...mailHosts] = process.argv.slice(2)
const hosts = openMailHosts(
  { mailHosts, configFile, knownHostsFile: undefined, keyFile: undefined },
  systemClock,
)
for (const host of hosts) {
  const outcome = await host.mailHost.status('change-0001').then(
    (transcript) => transcript.end.kind,
    (error: { code: string }) => error.code,
  )
  console.log(`${host.name} ${outcome} ${host.state().kind}`)
}
await Promise.all(hosts.map((host) => host.close()))
console.log(`closed ${process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length}`)
