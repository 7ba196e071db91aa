import type { Service } from './limit-hit.ts'

const PROTOCOLS: Readonly<Record<string, Service>> = {
  imap: 'imap',
  imaps: 'imap',
  pop3: 'pop3',
  pop3s: 'pop3',
  submission: 'submission',
  submissions: 'submission',
  sieve: 'sieve',
  managesieve: 'sieve',
}

/**
 * The protocol behind a login service's name. Dovecot's own are `imap-login`, `pop3-login`, `submission-login` and
 * `managesieve-login`; administrators name others (`imaps-login2`), where the protocol's word decides.
 */
export function serviceOfLogin(loginService: string): Service {
  const base = loginService.replace(/[-_.]?login[-_.\w]*$/, '')
  const known = protocolOf(base)
  if (known !== undefined) return known
  if (base === 'imap-urlauth' || base === 'imap-hibernate') return base
  for (const word of base.split(/[-_.]/)) {
    const protocol = protocolOf(word.replace(/\d+$/, '')) ?? protocolOf(word)
    if (protocol !== undefined) return protocol
  }
  return base === '' ? loginService : base
}

function protocolOf(word: string): Service | undefined {
  return Object.hasOwn(PROTOCOLS, word) ? PROTOCOLS[word] : undefined
}
