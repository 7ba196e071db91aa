import ssh2, { type IdentityCallback, type ParsedKey } from 'ssh2'

/** IdentitiesOnly: an agent that offers none but these keys; sshd gives up after a few wrong ones. */
export class FilteredAgent extends ssh2.OpenSSHAgent {
  readonly #keys: readonly ParsedKey[]

  constructor(socketPath: string, keys: readonly ParsedKey[]) {
    super(socketPath)
    this.#keys = keys
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, offered = []) => {
      const wanted = offered.filter((key) => this.#keys.some((one) => one.equals(key as ParsedKey)))
      callback(error, error ? undefined : wanted)
    })
  }
}
