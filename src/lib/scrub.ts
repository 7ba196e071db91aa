/** What tokens of Slack and private keys look like, for those that nobody announced. */
const PATTERNS = [
  /\bxox[a-z]-[A-Za-z0-9-]+/g,
  /\bxapp-[A-Za-z0-9-]+/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
]

/** Replaces the given secrets, and whatever looks like one, by `***`. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= 6)
  return (text) => {
    let clean = text
    for (const secret of known) clean = clean.replaceAll(secret, '***')
    for (const pattern of PATTERNS) clean = clean.replaceAll(pattern, '***')
    return clean
  }
}
