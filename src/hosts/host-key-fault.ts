import { OpsError } from '../lib/errors.ts'
import {
  fingerprintOf,
  keyTypeOf,
  type HostKeyVerdict,
  type HostPins,
  type KnownHostsLine,
} from './known-hosts.ts'

/** Explains why a host key was refused and how an administrator pins the right one; nothing is ever trusted on first use. */
export function hostKeyFault(
  host: string,
  pins: HostPins,
  key: Buffer,
  verdict: Exclude<HostKeyVerdict, { readonly kind: 'known' }>,
): OpsError {
  const keyType = keyTypeOf(key) ?? 'unknown type'
  const fingerprint = fingerprintOf(key)
  const file = pins.knownHosts.files[0] ?? '~/.ssh/known_hosts'
  const pin = `${pins.name} ${keyType} ${key.toString('base64')}`
  const shown = `${keyType} ${fingerprint}`
  const check = `On the console of ${host}, run "${consoleCommand(keyType)}" and compare: it must show ${fingerprint}.`
  const add = `printf '%s\\n' '${pin}' >> ${file}`
  const context = { host, name: pins.name, keyType, fingerprint, file, pin }

  switch (verdict.kind) {
    case 'revoked':
      return new OpsError(
        'host-key-revoked',
        `${host} shows the host key ${shown}, which ${place(verdict.at)} marks @revoked`,
        {
          hint: `Somebody took this key out of trust: give ${host} a new host key, pin that one, and leave the @revoked line where it is.`,
          context: { ...context, at: place(verdict.at) },
        },
      )
    case 'changed':
      return new OpsError(
        'host-key-changed',
        `${host} shows the host key ${shown}, but ${verdict.pinned.map(pinnedAs).join(', ')}`,
        {
          hint:
            `Either the host was reinstalled, or somebody stands in between. ${check} Only if it does: ` +
            `ssh-keygen -R '${pins.name}' -f ${verdict.pinned[0]?.file ?? file}; ${add}`,
          context: { ...context, at: verdict.pinned.map(place) },
        },
      )
    case 'authority-only':
      return new OpsError(
        'host-key-unknown',
        `${host} shows the host key ${shown}, and known_hosts has only a @cert-authority for it (${place(verdict.at)}): host certificates are not supported`,
        { hint: `Pin the host's own key. ${check} If it does: ${add}`, context },
      )
    case 'unknown':
      return new OpsError(
        'host-key-unknown',
        `${host} shows the host key ${shown}, and ${pins.name} is in none of ${pins.knownHosts.files.join(', ')}${unusable(pins)}`,
        { hint: `${check} If it does: ${add}`, context },
      )
  }
}

function consoleCommand(keyType: string): string {
  const short = keyType.startsWith('ecdsa-') ? 'ecdsa' : keyType.replace(/^ssh-/, '')
  return `ssh-keygen -lf /etc/ssh/ssh_host_${short}_key.pub`
}

function pinnedAs(line: KnownHostsLine): string {
  return `${place(line)} pins ${line.keyType} ${fingerprintOf(line.key)}`
}

function place(line: { readonly file: string; readonly line: number }): string {
  return `${line.file}:${line.line}`
}

function unusable(pins: HostPins): string {
  const lines = pins.knownHosts.unusable
  if (lines.length === 0) return ''
  return ` (skipped, because they cannot be read as known_hosts lines: ${lines.slice(0, 5).map(place).join(', ')})`
}
