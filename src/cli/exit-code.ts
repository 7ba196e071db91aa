/** What a command answers to the shell. */
export const EXIT = { ok: 0, fault: 1, usage: 2, invalidConfiguration: 3, checkFailed: 4 } as const
