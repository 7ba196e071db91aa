import { readFile } from 'node:fs/promises'
import ssh2, { type AgentAuthMethod, type ParsedKey, type PublicKeyAuthMethod } from 'ssh2'
import { OpsError } from '../lib/errors.ts'
import { FilteredAgent } from './filtered-agent.ts'
import { fingerprintOf } from './known-hosts.ts'
import type { SshHop } from './ssh-config.ts'

/** How the bot proves itself to one hop: key files first, then the agent. */
export type SshAuth = {
  readonly methods: ReadonlyArray<PublicKeyAuthMethod | AgentAuthMethod>
  /** For the error when all of them fail: `/etc/maillimit/key (SHA256:…)`, `the agent at …`. Never key material. */
  readonly tried: readonly string[]
}

type KeyFile =
  | { readonly kind: 'private'; readonly key: ParsedKey }
  /** Only its public half is known: the agent may have the private one. */
  | { readonly kind: 'public'; readonly key: ParsedKey }
  | { readonly kind: 'encrypted' }
  | { readonly kind: 'unusable'; readonly why: string }

/** Reads the keys anew at each connection, so that a mended file needs no restart. */
export async function loadAuth(hop: SshHop): Promise<SshAuth> {
  const methods: (PublicKeyAuthMethod | AgentAuthMethod)[] = []
  const tried: string[] = []
  const forAgent: ParsedKey[] = []
  const encrypted: string[] = []

  for (const { path, required } of hop.keyFiles) {
    const file = await readKey(path)
    if (file.kind === 'private') {
      methods.push({ type: 'publickey', username: hop.user, key: file.key })
      tried.push(`${path} (${fingerprintOf(file.key.getPublicSSH())})`)
    } else if (file.kind === 'encrypted') {
      encrypted.push(path)
    } else if (file.kind === 'unusable' && required) {
      throw keyFault('key-unusable', hop, `${path} ${file.why}`)
    }
    if (file.kind === 'public' || file.kind === 'encrypted') {
      const half = file.kind === 'public' ? file : await readKey(`${path}.pub`)
      if (half.kind === 'public') forAgent.push(half.key)
    }
  }

  if (hop.agentSocket !== undefined && (!hop.identitiesOnly || forAgent.length > 0)) {
    const agent = hop.identitiesOnly ? new FilteredAgent(hop.agentSocket, forAgent) : hop.agentSocket
    methods.push({ type: 'agent', username: hop.user, agent })
    tried.push(`the agent at ${hop.agentSocket}`)
  }
  if (methods.length === 0) {
    throw encrypted.length > 0
      ? keyFault('key-encrypted', hop, `${encrypted.join(', ')} is encrypted, and no agent holds it`)
      : keyFault(
          'no-key',
          hop,
          `there is no key: ${hop.keyFiles.map((file) => file.path).join(', ') || 'none named'}`,
        )
  }
  return { methods, tried }
}

async function readKey(path: string): Promise<KeyFile> {
  let text: string
  try {
    text = await readFile(path, 'latin1')
  } catch (error) {
    return { kind: 'unusable', why: `cannot be read: ${(error as NodeJS.ErrnoException).code}` }
  }
  const parsed = ssh2.utils.parseKey(text)
  const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed
  if (key instanceof Error) {
    return /encrypted/i.test(key.message)
      ? { kind: 'encrypted' }
      : { kind: 'unusable', why: 'holds no SSH key that can be used' }
  }
  return { kind: key.isPrivateKey() ? 'private' : 'public', key }
}

function keyFault(code: string, hop: SshHop, why: string): OpsError {
  return new OpsError(code, `the bot has no key for ${hop.name}: ${why}`, {
    hint:
      code === 'key-encrypted'
        ? 'Give the bot a key of its own without a passphrase (the host binds it to the helper), or load this one into an agent and set IdentityAgent.'
        : 'Make a key with "ssh-keygen -t ed25519 -N \'\' -f FILE", set SSH_KEY to FILE, readable by the bot alone, and run host/install with FILE.pub on the mail host.',
    context: { host: hop.name },
  })
}
