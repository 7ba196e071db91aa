import { OpsError } from '../lib/errors.ts'
import type { SshHop } from './ssh-config.ts'

const HINTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'Its name does not resolve: check HostName in ssh_config and the DNS.',
  EAI_AGAIN: 'The DNS does not answer at the moment.',
  ECONNREFUSED: 'Nothing listens there: check the port, and that sshd runs.',
  EHOSTUNREACH: 'No route leads there: is the host up?',
  ENETUNREACH: 'No route leads there: is the network up?',
  ETIMEDOUT: 'Nothing answers there: is the host up, and does a firewall let the bot through?',
  ECONNRESET: 'The connection was cut: sshd may be starting, or refusing this address for a while.',
}

/** Turns what ssh2 reports of a connection into a fault with a remedy. `tried`: how the bot tried to prove itself. */
export function sshFault(hop: SshHop, error: unknown, tried: readonly string[]): OpsError {
  if (error instanceof OpsError) return error
  const { message, level, code } = error as Error & { level?: string; code?: string | number }
  const where = `${hop.name} (${hop.hostName}, port ${hop.port})`
  const facts = { context: { host: hop.name, address: hop.hostName, port: hop.port }, cause: error }

  if (level === 'client-authentication' || /too many authentication failures/i.test(message)) {
    return new OpsError('auth-failed', `${where} does not let ${hop.user} in with ${tried.join(', ')}`, {
      ...facts,
      hint: `On ${hop.name}, run host/install with the bot's public key; compare fingerprints with "ssh-keygen -lf".`,
    })
  }
  if (/no matching key exchange/i.test(message)) {
    return new OpsError('no-matching-key-exchange', `${where} offers no key exchange that the bot knows`, {
      ...facts,
      hint: 'Its sshd may offer post-quantum key exchanges only, which are not supported: add curve25519-sha256 to KexAlgorithms in its sshd_config.',
    })
  }
  if (/no matching host key/i.test(message)) {
    return new OpsError('no-matching-host-key', `${where} offers no type of host key that the bot accepts`, {
      ...facts,
      hint: 'ssh-rsa with SHA-1, DSA and host certificates are not accepted: give its sshd an ed25519, ECDSA or RSA (SHA-2) host key.',
    })
  }
  if (/no matching/i.test(message)) {
    return new OpsError('no-matching-algorithm', `${where}: ${message}`, {
      ...facts,
      hint: 'Allow one of aes256-gcm@openssh.com, aes256-ctr, and hmac-sha2-256-etm@openssh.com, hmac-sha2-512 in its sshd_config.',
    })
  }
  if (/lost before handshake/i.test(message)) {
    return new OpsError('unreachable', `${where} closed the connection before it said anything`, {
      ...facts,
      retryable: true,
      hint: 'sshd does so when it is starting, overloaded (MaxStartups) or punishing this address (PerSourcePenalties).',
    })
  }
  if (level === 'client-timeout') {
    return new OpsError('connection-lost', `${where} does not answer any more`, { ...facts, retryable: true })
  }
  if (level === 'client-socket') {
    return new OpsError('unreachable', `${where} cannot be reached: ${code ?? message}`, {
      ...facts,
      retryable: true,
      ...(HINTS[String(code)] !== undefined && { hint: HINTS[String(code)] as string }),
    })
  }
  return new OpsError('ssh', `${where}: ${message}`, { ...facts, retryable: true })
}

/** A connection that had been made broke. */
export function connectionBroke(hop: SshHop, error: Error & { readonly code?: string | number }): OpsError {
  return new OpsError(
    'connection-lost',
    `the connection to ${hop.name} broke: ${error.code ?? error.message}`,
    {
      retryable: true,
      context: { host: hop.name },
      cause: error,
    },
  )
}

/** The connection ended without an error of its own: the host closed it. */
export function connectionClosed(hop: SshHop): OpsError {
  return new OpsError('connection-lost', `${hop.name} closed the connection`, {
    retryable: true,
    context: { host: hop.name },
  })
}
