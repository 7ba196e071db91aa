import { readFileSync } from 'node:fs'
import type { Settings } from '../config/settings.ts'
import { fingerprintOf, pinsOf, readKnownHosts } from '../hosts/known-hosts.ts'
import type { OpenMailHost } from '../hosts/open-mail-hosts.ts'
import { resolveSshRoute, type SshHop } from '../hosts/ssh-config.ts'
import { systemClock } from '../lib/clock.ts'
import type { OpsError } from '../lib/errors.ts'
import { type Check, type Finding, doing, fail, failedBy, ok } from './check.ts'
import { factChecks } from './host-fact-checks.ts'

/** Everything about one mail host: the way there, its key, the login, the helper, and what Dovecot says. */
export async function* checkHost(
  host: OpenMailHost,
  target: string,
  settings: Pick<Settings, 'ssh' | 'limitMax'>,
): AsyncGenerator<Finding, void, void> {
  let keyCheck = ok('the bot runs on this mail host; no ssh is needed')
  if (target !== 'local') {
    try {
      yield doing(`asking ssh -G about ${target}`)
      const { config: configFile, knownHosts: knownHostsFile, key: keyFile } = settings.ssh
      const route = await resolveSshRoute(target, { configFile, knownHostsFile, keyFile })
      yield ok(`ssh -G: ${route.map(hopText).join(', then ')}`)
      keyCheck = await pinCheck(route)
    } catch (error) {
      yield failedBy(error)
      return
    }
  }
  yield doing(`connecting to ${host.name}`)
  const answer = host.mailHost.hello()
  // Looked at below, unless the connection fails first.
  answer.catch(() => {})
  const fault = await firstFault(host)
  if (fault !== undefined) {
    if (fault.code === 'auth-failed') yield keyCheck
    yield failedBy(fault)
    return
  }
  const upAtMs = systemClock.now()
  yield keyCheck
  if (target !== 'local') yield ok('login: the host lets the bot in')
  yield doing(`waiting for the helper on ${host.name}`)
  try {
    const facts = await answer
    yield* factChecks(facts, {
      latencyMs: systemClock.now() - upAtMs,
      ownHelperVersion: ownHelperVersion(),
      limitMax: settings.limitMax,
    })
    if (facts.log.kind === 'file') yield await logCheck(host, facts.log.path)
  } catch (error) {
    yield failedBy(error)
  }
}

/** A refusal at the first try is final for a check, even where the bot would try again. */
function firstFault(host: OpenMailHost): Promise<OpsError | undefined> {
  return new Promise((resolve) => {
    const look = () => {
      const state = host.state()
      if (state.kind === 'connecting') return
      stop()
      resolve(state.kind === 'down' ? state.fault : undefined)
    }
    const stop = host.onState(look)
    look()
  })
}

function hopText({ hostName, port, user, keyFiles }: SshHop): string {
  const keys = keyFiles.filter(({ required }) => required).map(({ path }) => path)
  return `${user} at ${hostName}, port ${port}${keys.length === 0 ? '' : `, with ${keys.join(', ')}`}`
}

/** Said once the connection stands, for only then the host has shown that it has one of these keys. */
async function pinCheck(route: readonly SshHop[]): Promise<Check> {
  const places = await Promise.all(
    route.map(async ({ name, hostName, hostKeyAlias, knownHostsFiles, port }) => {
      const pins = pinsOf(
        await readKnownHosts(knownHostsFiles),
        hostKeyAlias ?? hostName,
        hostKeyAlias === undefined ? port : undefined,
      )
      const keys = [...pins.pinned, ...pins.portless].map(
        (pin) => `${pin.keyType} ${fingerprintOf(pin.key)}, ${pin.file}:${pin.line}`,
      )
      return route.length === 1 ? keys.join('; or ') : `${name}: ${keys.join('; or ')}`
    }),
  )
  return ok(`host key: known (${places.join('; ')})`)
}

async function logCheck(host: OpenMailHost, path: string): Promise<Check> {
  const files = await host.hostStream.files()
  const live = files.find((file) => file.live)
  if (live === undefined) {
    return fail(
      `log: ${path} is not there`,
      `On ${host.name}, see that the syslog daemon writes it, or name the right file in /etc/maillimit.conf (log = …).`,
    )
  }
  const rotated = files.length - 1
  return ok(
    `log: ${path} (${live.sizeBytes} bytes) and ${rotated} rotated ${rotated === 1 ? 'file' : 'files'}`,
  )
}

/** The version that host/maillimit-host of this release gives itself. */
function ownHelperVersion(): string | undefined {
  const text = readFileSync(new URL('../../host/maillimit-host', import.meta.url), 'utf8')
  return /^readonly HELPER_VERSION=(\S+)$/m.exec(text)?.[1]
}
