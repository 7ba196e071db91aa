import { OpsError } from '../lib/errors.ts'

/** SQLite's result codes, without their extension: https://sqlite.org/rescode.html */
const FAULTS: Readonly<
  Record<number, { readonly code: string; readonly what: string; readonly hint: string }>
> = {
  5: {
    code: 'store-in-use',
    what: 'is locked by another process',
    hint: 'Stop the other program that writes to it, or give this bot a STATE_DB of its own.',
  },
  8: {
    code: 'store-read-only',
    what: 'cannot be written',
    hint: 'Give the account that runs the bot write access to the file and its folder.',
  },
  10: {
    code: 'store-io',
    what: 'cannot be read or written',
    hint: 'Look at the disk (dmesg, df), then start the bot again: what was stored is safe.',
  },
  11: {
    code: 'store-corrupt',
    what: 'is damaged',
    hint: 'Stop the bot, keep a copy of the file, and restore a backup or save what can be read with: sqlite3 FILE .recover',
  },
  13: {
    code: 'store-full',
    what: 'cannot grow: the disk is full',
    hint: 'Make room on the disk of STATE_DB; the bot goes on where it stopped.',
  },
  14: {
    code: 'store-unreachable',
    what: 'cannot be opened',
    hint: 'Check STATE_DB: the folder must exist or be creatable, and belong to the account that runs the bot.',
  },
  26: {
    code: 'store-not-ours',
    what: 'is no SQLite database',
    hint: 'Point STATE_DB at another file; this one was left as it is.',
  },
}

/** Turns an error of node:sqlite into one that names the file and what to do; leaves every other error alone. */
export function storeFault(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error
  const errcode = Number(error.errcode)
  const known = FAULTS[errcode & 0xff]
  if (known === undefined) {
    return new OpsError('store-fault', `${path}: ${error.message}`, {
      cause: error,
      context: { path, errcode },
    })
  }
  return new OpsError(known.code, `${path} ${known.what} (${error.message})`, {
    hint: known.hint.replace('FILE', path),
    retryable: known.code === 'store-full' || known.code === 'store-in-use',
    context: { path, errcode },
    cause: error,
  })
}
