import { canonicalAddress } from '../dovecot/canonical-address.ts'
import { clientKey } from '../dovecot/client-key.ts'
import type { AdviceText } from './diagnosis.ts'

/**
 * Names that may stand in a command to copy. `doveadm` reads `*` and `?` as masks and a leading `-` as an option; quotes, spaces,
 * and letters that look like others have no place in a line that somebody pastes into a root shell.
 */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,254}$/

/** Ends one user's connections from one address; undefined when the name or the address is unfit for a command line. */
export function kickCommand(user: string, userCut: boolean, ip: string | undefined): AdviceText | undefined {
  const address = ip === undefined ? undefined : canonicalAddress(ip)
  if (address === undefined || userCut || !PLAIN_NAME.test(user)) return undefined
  return {
    kind: 'command',
    purpose:
      "Ends this user's connections from this address, on every service; a sound client comes back by itself.",
    text: `doveadm kick '${user}' '${address}'`,
  }
}

/** A limit of its own for one network, for whoever prefers that to a higher limit for all. */
export function remoteBlock(ip: string | undefined, service: string, value: number): AdviceText | undefined {
  const network = ip === undefined ? undefined : clientKey(ip)
  if (network === undefined || !/^[\w-]+$/.test(service) || !Number.isSafeInteger(value) || value < 1)
    return undefined
  const address = network.replace(/\/64$/, '')
  return {
    kind: 'config',
    purpose:
      'Raises the limit for this network alone, instead of for everybody. Before the reload, ' +
      `"doveconf -f protocol=${service} -f remote=${address} -h mail_max_userip_connections" must print ${value}; if it reports a ` +
      'conflict (2.3, where a protocol block sets a value too), every login from there would fail.',
    text: `remote ${network} {\n  mail_max_userip_connections = ${value}\n}`,
  }
}
