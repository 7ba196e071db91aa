import type { Release } from '../../dev/mailhost/recipe.ts'

/**
 * One way in which a site may have laid out its configuration, and what a raise of imap to 30 must come to.
 * `prepare` is a shell script that root runs in /etc/dovecot of a stock host; Dovecot reads the result before the raise.
 */
export type Layout = {
  readonly title: string
  readonly prepare: string
  readonly client?: string
  readonly outcome: Outcome | ((release: Release) => Outcome)
}

export type Outcome =
  /** The file that changes, and exactly its changed lines. */
  | { readonly changed: string; readonly lines: readonly string[]; readonly backupIn?: string }
  /** The code of the refusal, and the place that it names: FILE or FILE:LINE-TEXT. */
  | { readonly refused: string; readonly at: string }
  /** A plan without a button, since a tool writes the file; the line that says so. */
  | { readonly managed: string }

export const IMAP = '/etc/dovecot/conf.d/20-imap.conf'
export const MAIN = '/etc/dovecot/dovecot.conf'
export const LOCAL = '/etc/dovecot/local.conf'
export const SETTING = 'mail_max_userip_connections'
export const ADDED = [`+  ${SETTING} = 30`]

/** Shell words that the scripts share. */
export const PRELUDE = `
set -eu
cd /etc/dovecot
imap=conf.d/20-imap.conf
active() { sed -i "s/^  #${SETTING}.*/  ${SETTING} = $1/" $imap; }
no_block() { sed -i '/^protocol imap {/,/^}/d' $imap; }
imap_block() { printf 'protocol imap {\\n  ${SETTING} = %s\\n}\\n' "$1"; }
`

export function changed(file: string, ...lines: readonly string[]): Outcome {
  return { changed: file, lines }
}

export function from20(file: string): Outcome {
  return changed(file, `-  ${SETTING} = 20`, `+  ${SETTING} = 30`)
}

export function refused(code: string, at: string): Outcome {
  return { refused: code, at }
}

export function banner(text: string, line = 1): Pick<Layout, 'prepare' | 'outcome'> {
  return { prepare: `sed -i '${line}i ${text}' $imap`, outcome: { managed: `${IMAP}:${text}` } }
}
