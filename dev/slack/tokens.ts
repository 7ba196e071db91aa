export const botToken = 'xoxb-local-workspace-bot'
export const appToken = 'xapp-local-workspace-app'

/** What the app's manifest asks for, the optional scopes too. */
export const manifestScopes: readonly string[] = [
  'chat:write',
  'commands',
  'usergroups:read',
  'users:read',
  'channels:read',
  'groups:read',
  'channels:history',
  'groups:history',
]

type TokenKind = 'bot' | 'app'

export type Tokens = {
  /** What kind of token this is, or Slack's error code. */
  check(token: string | undefined): TokenKind | 'not_authed' | 'invalid_auth' | 'token_revoked'
  scopes(kind: TokenKind): readonly string[]
  setBotScopes(scopes: readonly string[]): void
  /** From now on this token is refused. */
  revoke(kind: TokenKind): void
}

export function createTokens(initialScopes: readonly string[] = manifestScopes): Tokens {
  let botScopes = initialScopes
  const revoked = new Set<TokenKind>()
  return {
    check(token) {
      if (token === undefined || token === '') return 'not_authed'
      const kind = token === botToken ? 'bot' : token === appToken ? 'app' : undefined
      if (kind === undefined) return 'invalid_auth'
      return revoked.has(kind) ? 'token_revoked' : kind
    },
    scopes: (kind) => (kind === 'bot' ? botScopes : ['connections:write']),
    setBotScopes(scopes) {
      botScopes = scopes
    },
    revoke(kind) {
      revoked.add(kind)
    },
  }
}
